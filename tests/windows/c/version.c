/* Prints the version resource of a library as Windows reads it: version LIBRARY */
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

static const char *const NAMES[] = { "FileDescription", "FileVersion",     "InternalName",  "LegalCopyright",
                                     "OriginalFilename", "ProductName", "ProductVersion" };

int main(int argc, char **argv)
{
    DWORD unused;
    DWORD size = argc == 2 ? GetFileVersionInfoSizeA(argv[1], &unused) : 0;
    void *resource = malloc(size + 1);
    VS_FIXEDFILEINFO *numbers;
    void *found;
    UINT length;
    size_t i;

    if (size == 0 || !GetFileVersionInfoA(argv[1], 0, size, resource) ||
        !VerQueryValueA(resource, "\\", &found, &length))
        return 1;
    numbers = (VS_FIXEDFILEINFO *)found;
    printf("numbers %u.%u.%u\n", (unsigned)HIWORD(numbers->dwFileVersionMS),
           (unsigned)LOWORD(numbers->dwFileVersionMS), (unsigned)HIWORD(numbers->dwFileVersionLS));
    for (i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        char path[64];
        WCHAR name[64];
        char text[512];

        sprintf(path, "\\StringFileInfo\\040904B0\\%s", NAMES[i]);
        mbstowcs(name, path, 64);
        if (!VerQueryValueW(resource, name, &found, &length))
            return 1;
        WideCharToMultiByte(CP_UTF8, 0, (const WCHAR *)found, -1, text, sizeof text, NULL, NULL);
        printf("%s %s\n", NAMES[i], text);
    }
    free(resource);
    return 0;
}
