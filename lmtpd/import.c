/*
 * An import, without a terminal.  Trusts neither the file nor the old table;
 * nothing is changed before import_commit().
 *
 * Memory does not grow with the rows, but for what libcdb holds: rows go
 * straight into the new table, which is then held against itself, for
 * addresses that come twice, and against the old one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "import.h"
#include "import_twice.h"
#include "table.h"

#define STEP		8192	/* rows between two calls of progress */

struct import {
	enum import_mode	 mode;
	struct import_progress	 progress;
	struct table_maker	*maker;
	struct table		*old;		/* NULL: there is none */
	bool			 damaged;	/* as there is none */
	struct table		*made;		/* of the file's rows alone */
	struct import_preview	 preview;
	struct twice		 twice;
};

static void
tell(const struct import *im, const char *what, long long done, long long all)
{
	if (im->progress.tell != NULL)
		im->progress.tell(im->progress.arg, what, done, all);
}

struct import *
import_begin(const char *state_dir, const char *name, enum import_mode mode,
    const struct import_progress *progress)
{
	struct import *im = calloc(1, sizeof(*im));

	if (im == NULL)
		return NULL;
	im->mode = mode;
	im->progress = *progress;
	if ((im->maker = table_make(state_dir, name)) != NULL) {
		im->old = table_open(state_dir, name);
		if (im->old != NULL)
			table_spare(im->old);
		/* what others may have written is not built upon, either */
		im->damaged = im->old == NULL &&
		    (errno == EBADMSG || errno == EPERM);
		if (im->old != NULL || errno == ENOENT ||
		    (im->damaged && mode == IMPORT_REPLACE))
			return im;
	}
	import_free(im);
	return NULL;
}

static void
clear(struct import *im)
{
	table_close(im->made);
	im->made = NULL;
	twice_clear(&im->twice);
	import_problem_clear(&im->preview.problems);
	memset(&im->preview, 0, sizeof(im->preview));
}

void
import_free(struct import *im)
{
	int saved = errno;

	if (im == NULL)
		return;
	clear(im);
	table_close(im->old);
	table_make_abort(im->maker);
	free(im);
	errno = saved;
}

const struct import_preview *
import_preview(const struct import *im)
{
	return &im->preview;
}

/* --- the file */

static int
tell_repeat(void *arg, const char *address, const char *first,
    const char *user)
{
	struct import *im = arg;

	if (strcmp(first, user) != 0)
		return twice_suspect(&im->twice, address);
	im->preview.repeated++;
	return 0;
}

static int
tell_line(struct import *im, const struct csvfile_row *row,
    const char *address, const char *user)
{
	return twice_tell(&im->twice, &im->preview.problems, row->line,
	    address, user);
}

/*
 * A row into the new table.  Most of those that come twice could be left to
 * table_repeats(); but libcdb takes quadratic time for very many rows of one
 * address.
 */
static int
add_row(struct import *im, const struct csvfile_row *row,
    const char *address, const char *user)
{
	int rc = twice_recent(&im->twice, address, user);

	(void)row;
	if (rc == 0)
		return table_make_add(im->maker, address, user);
	im->preview.repeated += rc == 2;
	return rc == -1 ? -1 : 0;
}

/* Each row that has no problem of its own to take(). */
static int
read_rows(struct import *im, struct csvfile *f, struct import_problems *out,
    int (*take)(struct import *, const struct csvfile_row *, const char *,
    const char *))
{
	char address[ADDR_MAX], user[TABLE_USER_MAX];
	struct csvfile_row row;
	int rc;

	while ((rc = csvfile_next(f, &row)) == 1) {
		if (row.line % STEP == 0)
			tell(im, "reading", csvfile_done(f), csvfile_size(f));
		rc = import_row_read(&row, out, address, user);
		if (rc == 1)
			rc = take(im, &row, address, user);
		if (rc == -1)
			break;
	}
	return rc;
}

/* Nothing at all is more likely a mistake than a wish. */
static int
check_empty(struct import *im, const struct csvfile *f)
{
	if (im->mode == IMPORT_MERGE || csvfile_has_header(f) ||
	    im->preview.problems.n > 0 || table_rows(im->made) > 0)
		return 0;
	return import_problem_add(&im->preview.problems, 1, 1,
	    "the file is empty: a header alone, \"Email,Username\", would "
	    "remove all rows");
}

static int
read_file(struct import *im, int fd)
{
	struct csvfile *f = csvfile_open(fd);
	int rc;

	if (f == NULL)
		return -1;
	rc = read_rows(im, f, &im->preview.problems, add_row);
	if (rc == 0 && (im->made = table_make_read(im->maker)) == NULL)
		rc = -1;
	if (rc == 0)
		rc = check_empty(im, f);
	csvfile_close(f);
	return rc;
}

/* On which lines an address has another user than on the first. */
static int
find_lines(struct import *im, int fd)
{
	struct import_problems known = { 0 };
	size_t before = im->preview.problems.n;
	struct csvfile *f;
	int rc;

	if (im->twice.suspects == 0)
		return 0;
	if ((f = csvfile_open(fd)) == NULL)
		return -1;
	rc = read_rows(im, f, &known, tell_line);
	csvfile_close(f);
	import_problem_clear(&known);
	im->preview.problems.more += im->twice.more;
	if (rc == 0 && before < IMPORT_PROBLEMS_MAX &&
	    im->preview.problems.n == before) {
		errno = ESTALE;	/* the file is another one now */
		return -1;
	}
	return rc;
}

/* --- old and new */

static int
copy_rows(struct import *im, const struct table *from, int (*next)
    (const struct table *, unsigned int *, char *, char *),
    const struct table *without)
{
	char address[ADDR_MAX], user[TABLE_USER_MAX], other[TABLE_USER_MAX];
	unsigned int at = 0, n = 0;
	int rc;

	while ((rc = next(from, &at, address, user)) == 1) {
		if (++n % STEP == 0)
			tell(im, "writing", n, table_rows(from));
		rc = without != NULL ? table_find(without, address, other) : 0;
		if (rc == 0)
			rc = table_make_add(im->maker, address, user);
		if (rc == -1)
			break;
	}
	return rc;
}

/* The new table again, each address once. */
static int
make_once(struct import *im)
{
	struct table *all = im->made;
	int rc;

	im->made = NULL;
	rc = table_make_anew(im->maker);
	if (rc == 0)
		rc = copy_rows(im, all, table_next_once, NULL);
	table_close(all);
	if (rc == 0 && (im->made = table_make_read(im->maker)) == NULL)
		rc = -1;
	return rc;
}

static void
list_row(struct import_list *list, const char *address, const char *user,
    const char *before)
{
	struct import_row *row = &list->row[list->n];

	if (list->n == IMPORT_LIST_MAX)
		return;
	strlcpy(row->address, address, sizeof(row->address));
	strlcpy(row->user, user, sizeof(row->user));
	strlcpy(row->before, before, sizeof(row->before));
	list->n++;
}

/* What becomes of a row of the new table. */
static int
compare_row(struct import *im, const char *address, const char *user)
{
	struct import_preview *p = &im->preview;
	char before[TABLE_USER_MAX] = "";
	struct import_list *list;
	int rc = 0;

	if (im->old != NULL &&
	    (rc = table_find(im->old, address, before)) == -1)
		return -1;
	if (rc == 1 && strcmp(user, before) == 0) {
		p->unchanged++;
		return 0;
	}
	list = &p->list[rc == 1 ? IMPORT_CHANGED : IMPORT_ADDED];
	list->count++;
	list_row(list, address, user, before);
	return 0;
}

/* The first rows of the old table that the new one does not have. */
static int
list_removed(struct import *im)
{
	struct import_list *list = &im->preview.list[IMPORT_REMOVED];
	char address[ADDR_MAX], user[TABLE_USER_MAX], other[TABLE_USER_MAX];
	unsigned int at = 0;
	int rc;

	while (list->n < list->count && list->n < IMPORT_LIST_MAX) {
		rc = table_next(im->old, &at, address, user);
		if (rc == 1)
			rc = table_find(im->made, address, other);
		else if (rc == 0) {	/* fewer than its head says */
			errno = EBADMSG;
			return -1;
		}
		if (rc == -1)
			return -1;
		if (rc == 0)
			list_row(list, address, user, "");
	}
	return 0;
}

/* The rows of the old table that the file does not name. */
static int
compare_rest(struct import *im)
{
	struct import_preview *p = &im->preview;
	unsigned int named = p->unchanged + p->list[IMPORT_CHANGED].count;

	if (im->old == NULL)
		return 0;
	if (table_rows(im->old) < named) {
		errno = EBADMSG;
		return -1;
	}
	if (im->mode == IMPORT_MERGE) {
		p->kept = table_rows(im->old) - named;
		return 0;
	}
	p->list[IMPORT_REMOVED].count = table_rows(im->old) - named;
	return list_removed(im);
}

static int
compare_all(struct import *im)
{
	char address[ADDR_MAX], user[TABLE_USER_MAX];
	struct import_list *added = &im->preview.list[IMPORT_ADDED];
	unsigned int at = 0, n = 0;
	int rc;

	while ((rc = table_next(im->made, &at, address, user)) == 1) {
		if (++n % STEP == 0)
			tell(im, "comparing", n, table_rows(im->made));
		if (compare_row(im, address, user) == -1)
			return -1;
		if (im->old == NULL && added->n == IMPORT_LIST_MAX) {
			added->count = table_rows(im->made);
			return 0;
		}
	}
	return rc == -1 ? -1 : compare_rest(im);
}

/* A damaged table can be replaced, but nothing can be kept of it. */
static int
compare(struct import *im)
{
	struct import_preview *p = &im->preview;
	int rc = compare_all(im);

	if (rc == -1 && errno == EBADMSG && im->old != NULL &&
	    im->mode == IMPORT_REPLACE) {
		table_close(im->old);
		im->old = NULL;
		im->damaged = true;
		memset(p->list, 0, sizeof(p->list));
		p->unchanged = 0;
		rc = compare_all(im);
	}
	p->mends = im->damaged;
	return rc;
}

int
import_read(struct import *im, int fd)
{
	unsigned long recent;

	clear(im);
	if (table_make_anew(im->maker) == -1 || read_file(im, fd) == -1)
		return -1;
	recent = im->preview.repeated;
	if (table_repeats(im->made, tell_repeat, im) != 0 ||
	    find_lines(im, fd) == -1)
		return -1;
	if (im->preview.problems.n > 0) {
		import_problem_sort(&im->preview.problems);
		return 1;
	}
	if (im->preview.repeated > recent && make_once(im) == -1)
		return -1;
	return compare(im);
}

bool
import_changes(const struct import *im)
{
	const struct import_list *list = im->preview.list;

	return im->old == NULL || list[IMPORT_ADDED].count > 0 ||
	    list[IMPORT_CHANGED].count > 0 || list[IMPORT_REMOVED].count > 0;
}

int
import_added(const struct import *im, int (*each)(void *, const char *,
    const char *), void *arg)
{
	char address[ADDR_MAX], user[TABLE_USER_MAX], old[TABLE_USER_MAX];
	unsigned int at = 0;
	int rc;

	while ((rc = table_next(im->made, &at, address, user)) == 1) {
		rc = im->old != NULL ? table_find(im->old, address, old) : 0;
		if (rc == 0)
			rc = each(arg, address, user);
		else if (rc == 1)
			rc = 0;
		if (rc != 0)
			break;
	}
	return rc;
}

int
import_commit(struct import *im)
{
	int rc = 0;

	if (!import_changes(im))
		return 0;
	if (im->preview.kept > 0) {
		rc = table_make_anew(im->maker);
		if (rc == 0)
			rc = copy_rows(im, im->made, table_next, NULL);
		if (rc == 0)
			rc = copy_rows(im, im->old, table_next, im->made);
	}
	if (rc == 0) {
		rc = table_make_commit(im->maker);
		im->maker = NULL;
	}
	return rc;
}
