/*
 * Configuration files on disk: found, opened, checked and read once.
 */
#ifndef CONF_FILE_H
#define CONF_FILE_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

struct conf_file {
	char	*text;		/* NUL terminated; may hold secrets */
	size_t	 size;
	dev_t	 dev;
	ino_t	 ino;
	bool	 others_read;	/* readable by everyone */
};

/*
 * Read a whole file, if nobody but its owner may write it and that is root or
 * the effective user.  0; or -1 and why: what is wrong and would be right.
 */
int	 conf_file_read(const char *path, struct conf_file *, char *why,
	    size_t whysize);
/* Wipes the text. */
void	 conf_file_free(struct conf_file *);

struct conf_paths {
	char	**path;
	size_t	 n;
};

/*
 * The files that include("pattern") in the file "from" means, sorted.  A
 * relative pattern starts from that file's directory.  Without wildcards it
 * is one path, there or not.  0; or -1 and why.
 */
int	 conf_paths_find(const char *from, const char *pattern,
	    struct conf_paths *, char *why, size_t whysize);
void	 conf_paths_free(struct conf_paths *);

#endif
