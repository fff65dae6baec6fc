"""The wheel carries a shared library that serves every Python 3 of one platform."""

import os

from setuptools import setup
from wheel.bdist_wheel import bdist_wheel


class PlatformWheel(bdist_wheel):
    """Tagged by the platform alone: ctypes needs no ABI of Python's."""

    def finalize_options(self):
        super().finalize_options()
        self.root_is_pure = False

    def get_tag(self):
        return "py3", "none", os.environ["WXCOUPON_WHEEL_PLATFORM"]


setup(cmdclass={"bdist_wheel": PlatformWheel})
