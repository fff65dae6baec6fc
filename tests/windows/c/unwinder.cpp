// A plug-in of the host that throws and catches, with GCC's unwinder as a DLL of its own.
#include <stdexcept>

extern "C" __declspec(dllexport) int throws_and_catches(int value)
{
    try {
        throw std::runtime_error("thrown in the plug-in");
    } catch (const std::exception &) {
        return value + 1;
    }
}
