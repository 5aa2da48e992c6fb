/*
 * System calls as aarch64 numbers them: by the kernel's table for every
 * architecture that is younger than it.
 */
#include <asm-generic/unistd.h>
