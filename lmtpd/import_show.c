/*
 * What an import would do.  Trusts no text of the file's with the terminal:
 * all of it is escaped.
 */
#include <jansson.h>
#include <string.h>

#include "import_show.h"
#include "log.h"

#define SAFE_MAX	(4 * ADDR_MAX)

static const char *const kinds[IMPORT_KINDS] = {
	[IMPORT_ADDED] = "added",
	[IMPORT_CHANGED] = "changed",
	[IMPORT_REMOVED] = "removed",
};

void
import_show_problems(FILE *to, const struct import_names *names,
    const struct import_preview *p)
{
	const struct import_problems *all = &p->problems;
	char file[SAFE_MAX];
	const char *column;
	size_t i;

	log_safe(file, sizeof(file), names->file);
	for (i = 0; i < all->n; i++) {
		column = import_column(all->v[i].column);
		fprintf(to, "%s:%lu: column %u%s%s%s: %s\n", file,
		    all->v[i].line, all->v[i].column, *column ? " (" : "",
		    column, *column ? ")" : "", all->v[i].text);
	}
	if (all->more > 0)
		fprintf(to, "%s: ... and %lu more\n", file, all->more);
}

static void
show_row(FILE *to, const struct import_row *row)
{
	char address[SAFE_MAX], user[SAFE_MAX], before[SAFE_MAX];

	log_safe(address, sizeof(address), row->address);
	log_safe(user, sizeof(user), row->user);
	log_safe(before, sizeof(before), row->before);
	fprintf(to, "  %s  %s%s%s\n", address, before,
	    *before != '\0' ? " -> " : "", user);
}

static void
show_list(FILE *to, const char *kind, const struct import_list *list)
{
	unsigned int i;

	fprintf(to, "%-9s %u\n", kind, list->count);
	for (i = 0; i < list->n; i++)
		show_row(to, &list->row[i]);
	if (list->count > list->n)
		fprintf(to, "  ... and %u more\n", list->count - list->n);
}

void
import_show_preview(FILE *to, const struct import_names *names,
    const struct import_preview *p)
{
	fprintf(to, "table %s:\n", names->table);
	show_list(to, kinds[IMPORT_ADDED], &p->list[IMPORT_ADDED]);
	show_list(to, kinds[IMPORT_CHANGED], &p->list[IMPORT_CHANGED]);
	if (names->mode == IMPORT_REPLACE)
		show_list(to, kinds[IMPORT_REMOVED],
		    &p->list[IMPORT_REMOVED]);
	fprintf(to, "%-9s %u\n", "unchanged", p->unchanged);
	if (p->kept > 0)
		fprintf(to, "%-9s %u, which the file does not have\n", "kept",
		    p->kept);
	if (p->repeated > 0)
		fprintf(to, "%-9s %lu lines say what another one says\n",
		    "repeated", p->repeated);
	if (p->mends)
		fprintf(to, "the table that is there is damaged: nothing is "
		    "known of it\n");
}

void
import_show_done(FILE *to, const struct import_names *names,
    const struct import_preview *p)
{
	fprintf(to, "table %s: %u added, %u changed, %u removed, "
	    "%u unchanged\n", names->table, p->list[IMPORT_ADDED].count,
	    p->list[IMPORT_CHANGED].count, p->list[IMPORT_REMOVED].count,
	    p->unchanged);
}

static json_t *
list_json(const struct import_list *list, enum import_kind kind)
{
	json_t *rows = json_array();
	unsigned int i;

	for (i = 0; i < list->n; i++)
		json_array_append_new(rows, json_pack("{s:s, s:s, s:s*}",
		    "address", list->row[i].address,
		    "user", list->row[i].user, "before",
		    kind == IMPORT_CHANGED ? list->row[i].before : NULL));
	return rows;
}

static json_t *
problems_json(const struct import_problems *all)
{
	json_t *problems = json_array();
	size_t i;

	for (i = 0; i < all->n; i++)
		json_array_append_new(problems, json_pack(
		    "{s:I, s:I, s:s, s:s}",
		    "line", (json_int_t)all->v[i].line,
		    "column", (json_int_t)all->v[i].column,
		    "name", import_column(all->v[i].column),
		    "problem", all->v[i].text));
	return problems;
}

int
import_show_json(FILE *to, const struct import_names *names,
    const struct import_preview *p, bool applied)
{
	json_t *rows = json_object(), *o;
	char file[SAFE_MAX];
	size_t i;
	int rc;

	o = json_pack("{s:s, s:s, s:b, s:I, s:I, s:I, s:I, s:o, s:o}",
	    "table", names->table,
	    "file", log_safe(file, sizeof(file), names->file),
	    "applied", applied,
	    "unchanged", (json_int_t)p->unchanged,
	    "kept", (json_int_t)p->kept,
	    "repeated", (json_int_t)p->repeated,
	    "more_problems", (json_int_t)p->problems.more,
	    "problems", problems_json(&p->problems), "rows", rows);
	for (i = 0; i < IMPORT_KINDS; i++) {
		json_object_set_new(o, kinds[i],
		    json_integer(p->list[i].count));
		json_object_set_new(rows, kinds[i],
		    list_json(&p->list[i], (enum import_kind)i));
	}
	if (o == NULL)
		return -1;
	rc = json_dumpf(o, to, JSON_INDENT(2) | JSON_ENSURE_ASCII);
	putc('\n', to);
	json_decref(o);
	return rc;
}
