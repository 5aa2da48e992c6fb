/*
 * A dry run told to a person, or to a program.
 */
#ifndef EXPLAIN_H
#define EXPLAIN_H

#include <stdbool.h>

#include "authorise.h"

#define EXPLAIN_STEPS_MAX	64

struct explanation {
	const struct evidence	*evidence;
	const char		*identity;
	const char		*recipient;
	struct decision		 decision;
	char			*step[EXPLAIN_STEPS_MAX];
	unsigned int		 steps;
	bool			 discarded;	/* answered 250 all the same */
	char			 enhanced[12];	/* of lmtptext's own reply; "" */
	char			 said[160];	/* likewise, made safe */
	char			**command;	/* that would run, or NULL */
};

/* For a trace: remembers a step. */
void	 explain_step(void *explanation, const char *text);

/* To standard output; everything hostile is escaped. */
void	 explain_print(const struct explanation *);
/* The same as one JSON object.  0, or -1: no memory. */
int	 explain_print_json(const struct explanation *);

/* Frees steps and command. */
void	 explain_free(struct explanation *);

#endif
