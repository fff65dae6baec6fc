/* Has the defects that the sanitizers and valgrind look for, to prove that they would speak. */
#include <stdlib.h>
#include <string.h>

static void *leaked;

int main(int argc, char **argv)
{
    const char *defect = argc > 1 ? argv[1] : "";
    volatile int size = 8;
    char *volatile bytes = (char *)malloc((size_t)size); /* hides the defects from the compiler */

    memset(bytes, 'x', (size_t)size);
    if (strcmp(defect, "overflow") == 0)
        return bytes[size] == 'x';
    if (strcmp(defect, "use-after-free") == 0) {
        free(bytes);
        return bytes[0] == 'y';
    }
    if (strcmp(defect, "undefined") == 0)
        return ((size + 2147483640 + size) > 0) + bytes[0] - 'x';
    if (strcmp(defect, "leak") == 0) {
        leaked = bytes;
        leaked = NULL;
        bytes = NULL;
    }
    free(bytes);
    return 0;
}
