"use strict";

const read = (element) => JSON.parse(element.textContent);
const dataOf = (element) => read(element.querySelector(":scope > script"));

for (const scrubber of document.querySelectorAll(".scrubber")) {
  const controls = scrubber.querySelector(".controls");
  if (!controls) continue;
  const [button, slider, said] = controls.children;
  const places = dataOf(scrubber);
  const strips = [...scrubber.querySelectorAll(".strip")].map((strip) => {
    const { at, labels, sources } = dataOf(strip);
    const shots = strip.querySelectorAll(".shot");
    const shown = shots[shots.length - 1];
    const image = shown.querySelector("img:not(.titles)");
    // The first and the last are in the page itself.
    const all = shots.length > 1 ? [shots[0].querySelector("img:not(.titles)").src, ...sources, image.src] : [image.src];
    return (place) => {
      image.src = all[at[place]];
      image.alt = `Samples, ${labels[at[place]]}`;
      shown.querySelector("figcaption").textContent = labels[at[place]];
    };
  });
  const show = (place) => {
    slider.value = place;
    said.textContent = places[place];
    slider.setAttribute("aria-valuetext", places[place]);
    for (const strip of strips) strip(place);
  };
  let timer = 0;
  const pause = () => {
    clearInterval(timer);
    timer = 0;
    button.textContent = "Play";
    button.setAttribute("aria-label", "Play");
  };
  const play = () => {
    if (+slider.value === places.length - 1) show(0);
    button.textContent = "Pause";
    button.setAttribute("aria-label", "Pause");
    timer = setInterval(() => {
      const next = +slider.value + 1;
      show(next);
      if (next === places.length - 1) pause();
    }, Math.min(700, Math.max(120, 8000 / places.length)));
  };
  button.addEventListener("click", () => (timer ? pause() : play()));
  slider.addEventListener("input", () => {
    pause();
    show(+slider.value);
  });
  addEventListener("beforeprint", () => {
    pause();
    show(places.length - 1);
  });
  scrubber.classList.add("live");
}

const short = (value) => {
  if (value === null || value === undefined) return "\u2013";
  const size = Math.abs(value);
  if (size >= 1e4 || (size && size < 1e-4)) return value.toPrecision(3);
  return String(+value.toPrecision(4));
};

for (const chart of document.querySelectorAll(".chart")) {
  const svg = chart.querySelector("svg");
  const cross = chart.querySelector(".cross");
  const at = chart.querySelector(".at");
  const values = [...chart.querySelectorAll(".now b")];
  const before = [at, ...values].map((element) => element.textContent);
  const { last, curves } = dataOf(chart);
  const [left, right] = [46, 350];
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * svg.viewBox.baseVal.width;
    const wanted = ((x - left) / (right - left)) * last;
    const nearest = (steps) =>
      steps.reduce((best, step, i) => (Math.abs(step - wanted) < Math.abs(steps[best] - wanted) ? i : best), 0);
    const found = curves.map(([steps]) => nearest(steps));
    const steps = curves.map(([own], i) => own[found[i]]);
    const step = steps.reduce((a, b) => (Math.abs(b - wanted) < Math.abs(a - wanted) ? b : a));
    at.textContent = `step ${step.toLocaleString("en")}`;
    // A run that has ended, or not logged so far, says nothing there.
    const apart = last / 20;
    curves.forEach(([, own], i) => {
      values[i].textContent = Math.abs(steps[i] - step) > apart ? "\u2013" : short(own[found[i]]);
    });
    const position = left + (step / last) * (right - left);
    cross.setAttribute("x1", position);
    cross.setAttribute("x2", position);
    chart.classList.add("hovered");
  });
  svg.addEventListener("pointerleave", () => {
    chart.classList.remove("hovered");
    [at, ...values].forEach((element, i) => (element.textContent = before[i]));
  });
}
