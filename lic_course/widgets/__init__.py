"""Every control of the course: the bitrate explorer, a slider over any function, and steps.

    widgets.explore("jpeg", "own-jpeg")            # two codecs under one wipe, with locks
    widgets.slider_demo(lambda q: (picture, text)) # one slider, one picture, one line of text
    widgets.step_through({"raster": times})        # how a latent gets known, step by step

How the files fit together: `trials` remembers what was coded, `views` turns results into pictures
to look at, `still` composes the picture that stands in for a control before its cell is run,
`explorer` is the Python half of the explorer and `explorer.js` the half in the browser.
"""

from lic_course.widgets.demo import SliderDemo, slider_demo
from lic_course.widgets.explorer import Explorer, explore
from lic_course.widgets.steps import StepDemo, step_through

__all__ = ["Explorer", "SliderDemo", "StepDemo", "explore", "slider_demo", "step_through"]
