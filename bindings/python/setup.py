"""The wheel carries a shared library that serves every Python 3 of one platform; without one it serves all of them."""

import os

from setuptools import setup
from wheel.bdist_wheel import bdist_wheel

# tools/dist/wheel.sh says which platform the library in the package is for. Installed from the sources there is none.
PLATFORM = os.environ.get("WXCOUPON_WHEEL_PLATFORM")


class PlatformWheel(bdist_wheel):
    """Tagged by the platform alone: ctypes needs no ABI of Python's."""

    def finalize_options(self):
        super().finalize_options()
        self.root_is_pure = PLATFORM is None

    def get_tag(self):
        return "py3", "none", PLATFORM or "any"


setup(cmdclass={"bdist_wheel": PlatformWheel})
