/*
 * Domains and the tokens that prove them: state-dir/domains/DOMAIN, one small
 * text file each, replaced by rename.
 */
#ifndef DOMAINS_H
#define DOMAINS_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "spf.h"

struct domain_proof {
	char		 token[SPF_TOKEN_MAX];	/* 32 hex digits */
	time_t		 issued;
	time_t		 verified;	/* 0: not (any more) */
	time_t		 checked;	/* 0: never */
};

/*
 * domain is in lower case, as A-labels; one that is no domain is EINVAL, a file
 * that nobody here wrote is EBADMSG.
 */

/* 1 yes, 0 no (or never issued), -1: the state cannot be read. */
int	 domains_verified(const char *state_dir, const char *domain);

/* 1 read, 0 there is none, -1 failure (errno). */
int	 domains_read(const char *state_dir, const char *domain,
	    struct domain_proof *);

/*
 * Wait for whoever changes the state, and keep others from it until the
 * descriptor is closed: between reading and writing.  -1: failure (errno).
 */
int	 domains_lock(const char *state_dir);

/* Write it whole, by rename; under the lock.  0, or -1 (errno). */
int	 domains_write(const char *state_dir, const char *domain,
	    const struct domain_proof *);

/* A fresh random token of 32 hex digits and its NUL. */
void	 domains_token(char *out);

/* The names of all domains with a file, sorted; NULL terminated, each and the
 * list to be freed.  NULL: failure (errno). */
char	**domains_list(const char *state_dir);

#endif
