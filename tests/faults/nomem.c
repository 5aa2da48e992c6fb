/*
 * To preload: one allocation of one process gives NULL.  Counts stand in a file
 * that all share, by how many forks a process is away from the first; they are
 * read there by the test.  Below that it is glibc's own allocator.
 *
 *	NOMEM_FILE	the counts, struct nomem
 */
#include <sys/mman.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#define DEPTHS	4

/* The test writes what is to fail, and reads what was counted. */
struct nomem {
	uint32_t		 depth;	/* of the process; 0 is the first */
	uint32_t		 nth;	/* of its allocations; 0: none */
	uint32_t		 more;	/* 1: and all after it */
	_Atomic uint32_t	 hits;
	_Atomic uint32_t	 count[DEPTHS];
};

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);

static struct nomem *shared;
static unsigned int depth;

static void
deeper(void)
{
	depth++;
}

__attribute__((constructor))
static void
begin(void)
{
	const char *path = getenv("NOMEM_FILE");
	int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *p;

	if (fd == -1)
		return;
	p = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED,
	    fd, 0);
	close(fd);
	if (p == MAP_FAILED)
		return;
	pthread_atfork(NULL, NULL, deeper);
	shared = p;
}

static int
fails(void)
{
	uint32_t n;

	if (shared == NULL || depth >= DEPTHS)
		return 0;
	n = atomic_fetch_add(&shared->count[depth], 1) + 1;
	if (shared->nth == 0 || depth != shared->depth || n < shared->nth ||
	    (n > shared->nth && !shared->more))
		return 0;
	atomic_fetch_add(&shared->hits, 1);
	errno = ENOMEM;
	return 1;
}

void *
malloc(size_t n)
{
	return fails() ? NULL : __libc_malloc(n);
}

void *
calloc(size_t count, size_t n)
{
	return fails() ? NULL : __libc_calloc(count, n);
}

void *
realloc(void *p, size_t n)
{
	return fails() ? NULL : __libc_realloc(p, n);
}
