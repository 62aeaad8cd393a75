"""Images with captions, and the batches that a text-to-image model is trained on.

| source | captions | classes |
|---|---|---|
| `figures/captions` | one for each image, a sentence on what is drawn | none |
| `folder:PATH`, `zip:PATH` | a table, COCO's annotations, or .txt files | `class`, or folders |
| `tfds:NAME[/CONFIG]` | the feature `caption`, `captions` or `text` | `label` |

In a folder, the first of these that exists is used, in the folder of the split or in the root:

    captions.jsonl   {"image": "birds/1.jpg", "caption": "a red bird", "class": "cardinal"}
    captions.csv     image,caption,class
                     birds/1.jpg,"a red bird, small",cardinal
    captions.txt     the same as captions.csv, as in Kaggle's Flickr8k
    annotations/captions_train2017.json     COCO, with the images in train2017 or images/train2017
    birds/1.txt      a red bird             (one caption per line, beside birds/1.jpg)

`file` may stand for `image`, and the images of a table may lie in a folder `images` beside it. A
caption may be a list in JSON, and in CSV an image may have several
lines. `class` is optional, and so is `split`, for tables of a whole data set. The .txt files may
also lie in a folder `text` or `captions` that mirrors the images: `text/birds/1.txt` belongs to
`birds/1.jpg` or `images/birds/1.jpg`. Every image needs a caption.

CUB and Oxford-102, which papers use, are converted to the last form: in `folder:CUB`,
`train/<class>/<name>.jpg` with `train/<class>/<name>.txt`, ten captions each, and for a zero-shot
test other class folders in `test/`.
"""

from typing import TYPE_CHECKING

from tfgan_zoo.data.captions.opening import Captioned, captions_of, open_captioned
from tfgan_zoo.data.captions.pairing import distinct_captions, groups
from tfgan_zoo.data.captions.reading import TEXT_FOLDERS
from tfgan_zoo.lazy import names_from

if TYPE_CHECKING:
    from tfgan_zoo.data.captions.batches import captioned

__all__ = [
    "TEXT_FOLDERS",
    "Captioned",
    "captioned",
    "captions_of",
    "distinct_captions",
    "groups",
    "open_captioned",
]

# It imports TensorFlow, which opening does without.
__getattr__ = names_from(__name__, {"tfgan_zoo.data.captions.batches": ("captioned",)})
