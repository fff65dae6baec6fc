/*
 * Runs another test program with the stack 0, 4, 8 and 12 bytes off the 16 that compilers of today keep: Delphi,
 * Visual Basic and old compilers of C keep 4. All is compiled with -Dmain=program_main.
 */
#include "check.h"

#undef main

int program_main(int argc, char **argv);

/* esp at the call is a multiple of 16, less `offset`. */
int call_off_by(int offset, int (*function)(int, char **), int argc, char **argv);
__asm__(".globl _call_off_by\n"
        "_call_off_by:\n"
        "    pushl %ebp\n"
        "    movl %esp, %ebp\n"
        "    andl $-16, %esp\n"
        "    subl $32, %esp\n"
        "    subl 8(%ebp), %esp\n"
        "    movl 16(%ebp), %eax\n"
        "    movl %eax, (%esp)\n"
        "    movl 20(%ebp), %eax\n"
        "    movl %eax, 4(%esp)\n"
        "    call *12(%ebp)\n"
        "    leave\n"
        "    ret\n");

/* Where the arguments are is where esp was before the call. */
static int offset_here(int argc, char **argv)
{
    (void)argv;
    return (int)(-(long)&argc & 15);
}

int main(int argc, char **argv)
{
    static char tag[64];
    int offset;

    check_arguments(argc);
    for (offset = 0; offset < 16; offset += 4) {
        if (call_off_by(offset, offset_here, argc, argv) != offset) {
            printf("the stack is not %d bytes off\n", offset);
            return 1;
        }
        printf("- with the stack %d bytes off\n", offset);
        sprintf(tag, "%.40s_%d", argv[TAG], offset);
        argv[TAG] = tag;
        if (call_off_by(offset, program_main, argc, argv) != 0)
            return 1;
    }
    return 0;
}
