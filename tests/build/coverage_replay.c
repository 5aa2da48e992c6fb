/*
 * A fuzz target's main, without a fuzzer: each file that is named goes through
 * it once.  For compilers whose coverage is counted.
 */
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define INPUT_MAX	(1 << 20)

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* In room that just fits, so that reading past it is seen. */
static void
replay(const char *path)
{
	static uint8_t	 room[INPUT_MAX];
	uint8_t		*data;
	size_t		 i, n;
	FILE		*f = fopen(path, "rb");

	if (f == NULL)
		err(1, "%s", path);
	n = fread(room, 1, sizeof(room), f);
	if (ferror(f) || n == sizeof(room))
		errx(1, "%s: cannot be read, or is too long", path);
	fclose(f);
	if ((data = malloc(n == 0 ? 1 : n)) == NULL)
		err(1, NULL);
	for (i = 0; i < n; i++)
		data[i] = room[i];
	LLVMFuzzerTestOneInput(data, n);
	free(data);
}

int
main(int argc, char **argv)
{
	int	 i;

	for (i = 1; i < argc; i++)
		replay(argv[i]);
	printf("%d inputs\n", argc - 1);
	return argc > 1 ? 0 : 1;
}
