/*
 * The second factor.  Trusts nobody: the header is the sender's, and so may
 * be how long a search takes; like.c sees to that.
 */
#include <stdlib.h>
#include <string.h>

#include "encword.h"
#include "factor.h"

/* A block in one of its forms; s is NULL where there is no such form. */
struct form {
	const char	*s;
	size_t		 n;
};

struct search {
	const struct header	*header;
	struct form		 raw;
	struct form		 decoded;	/* once it was asked for */
	char			*room;		/* of that */
	bool			 asked;
	bool			 no_memory;
};

/* Decoded where there is something to decode. */
static const struct form *
decoded_form(struct search *s)
{
	struct encword	 w;
	size_t		 words;

	if (s->asked)
		return &s->decoded;
	s->asked = true;
	if (!encword_next(s->raw.s, s->raw.n, 0, &w))
		return &s->decoded;
	if ((s->room = malloc(s->raw.n)) == NULL) {
		s->no_memory = true;
		return &s->decoded;
	}
	s->decoded.n = encword_decode(s->raw.s, s->raw.n, s->room, &words);
	s->decoded.s = s->room;
	return &s->decoded;
}

/* Tell where in a form a place is.  Decoded, fields still end in '\n'. */
static void
tell(const struct search *s, const struct form *form,
    const struct like_place *place, struct factor *f)
{
	const struct header_field	*field;
	size_t				 line = 0, nth = 0, n;

	for (size_t i = 0; i < place->from && i < form->n; i++)
		if (form->s[i] == '\n') {
			line = i + 1;
			nth++;
		}
	f->at = place->from - line;
	f->found = place->found;
	f->tokens = place->tokens;
	if ((field = header_at(s->header, nth)) == NULL)
		return;
	n = field->name_len < sizeof(f->field) ? field->name_len :
	    sizeof(f->field) - 1;
	memcpy(f->field, field->name, n);
}

static bool
nearer(const struct like_place *place, const struct factor *f)
{
	if (f->alternative == 0)
		return place->found > 0;
	return place->found * f->tokens > f->found * place->tokens;
}

/* Whether a form holds it; with locate, keep in f where or how near. */
static bool
search_form(const struct search *s, const struct form *form,
    const struct like *like, bool locate, struct factor *f,
    unsigned int alternative)
{
	struct like_place	 place;
	bool			 holds;

	if (form->s == NULL)
		return false;
	if (!locate)
		holds = like_match(like, form->s, form->n);
	else
		holds = like_locate(like, form->s, form->n, &place);
	if (!holds && (!locate || !nearer(&place, f)))
		return false;
	memset(f, 0, sizeof(*f));
	f->alternative = alternative;
	f->decoded = form == &s->decoded;
	if (locate)
		tell(s, form, &place, f);
	return holds;
}

void
factor_search(const struct grant *g, const struct header *h, bool locate,
    struct factor *f)
{
	struct search		 s = { .header = h };
	const struct like	*like;
	bool			 holds = false;

	memset(f, 0, sizeof(*f));
	s.raw.s = header_text(h, &s.raw.n);
	for (unsigned int i = 0; i < g->alternatives && !holds; i++) {
		like = g->alternative[i].like;
		holds = search_form(&s, &s.raw, like, locate, f, i + 1) ||
		    search_form(&s, decoded_form(&s), like, locate, f, i + 1);
	}
	f->holds = holds ? 1 : s.no_memory ? -1 : 0;
	free(s.room);
}
