/*
 * Tests of conf_load(): whose files are read, and what includes mean.
 */
#include "conf_site.h"

struct mode {
	mode_t		 mode;
	const char	*text;
	const char	*error;		/* NULL: loads */
};

#define SECRET	HEAD "account \"a\" {\nchannel \"c\" { " \
		"security-string = 'secret' } }\n"
#define ENVIRON	"backend \"b\" { command = {\"/x\"}\nenvironment = " \
		"{\"A=1\"} }\n"

static const struct mode modes[] = {
	{ 0644, HEAD, NULL },
	{ 0444, HEAD, NULL },
	{ 0600, HEAD, NULL },
	{ 0660, HEAD, "m:1: writable by its group: chmod go-w it\n" },
	{ 0646, HEAD, "m:1: writable by everyone: chmod go-w it\n" },
	{ 0640, SECRET, NULL },
	{ 0644, SECRET, "m:5: security-string is a secret, and everyone can "
	    "read this file: chmod o-r it\n" },
	{ 0604, ENVIRON, "m:2: environment is a secret, and everyone can read "
	    "this file: chmod o-r it\n" },
	{ 0644, HEAD "account \"a\" { channel \"c\" { security-string = '' } "
	    "}\n", NULL },
};

static void
loose_files_are_refused(void **state)
{
	struct said said;

	(void)state;
	for (size_t i = 0; i < NELEM(modes); i++) {
		struct policy *p;

		site_write_n("m", modes[i].text, strlen(modes[i].text),
		    modes[i].mode);
		p = site_load_file("m", &said);
		if ((p == NULL) != (modes[i].error != NULL))
			fail_msg("mode %o: %s", modes[i].mode, said.text);
		assert_string_equal(said.text, modes[i].error == NULL ? "" :
		    modes[i].error);
		policy_free(p);
	}
	assert_int_equal(unlink(site_path("m")), 0);
}

static void
strange_files_are_refused(void **state)
{
	struct said said;

	(void)state;
	assert_null(site_load_file("none", &said));
	assert_string_equal(said.text, "none:1: cannot be opened (No such "
	    "file or directory): name a file that is there\n");
	assert_int_equal(mkdir(site_path("dir"), 0755), 0);
	assert_null(site_load_file("dir", &said));
	assert_string_equal(said.text, "dir:1: not a regular file: name one\n");
	assert_int_equal(mkfifo(site_path("fifo"), 0600), 0);
	assert_null(site_load_file("fifo", &said));
	assert_string_equal(said.text, "fifo:1: not a regular file: name "
	    "one\n");
	site_write("owned", HEAD);
	if (geteuid() != 0)
		skip();
	assert_int_equal(chown(site_path("owned"), 65534, 0), 0);
	assert_null(site_load_file("owned", &said));
	assert_string_equal(said.text, "owned:1: owned by user 65534, who "
	    "could change it: chown it to root\n");
}

/* Write what several files hold, each "name\ntext", and load "m". */
static struct policy *
load_files(const char *const *file, struct said *said)
{
	for (; *file != NULL; file += 2)
		site_write(file[0], file[1]);
	return site_load_file("m", said);
}

static void
includes_are_sorted_and_relative(void **state)
{
	static const char *const files[] = {
		"m", BACKEND "include(\"inc/*.conf\")\nchannel \"z\" { "
		    "recipient = \"z\" backend = \"b\" }\n",
		"inc/20.conf", "channel \"y\" { recipient = \"y\" backend = "
		    "\"b\" }\n",
		"inc/10.conf", "include(\"sub\")\n",
		"inc/sub", "\nchannel \"x\" { recipient = \"x\" backend = "
		    "\"b\" }\n",
		"inc/.30.conf", "nonsense\n",
		"inc/40.conf~", "nonsense\n",
		NULL
	};
	struct said said;
	struct policy *p;

	(void)state;
	assert_int_equal(mkdir(site_path("inc"), 0755), 0);
	if ((p = load_files(files, &said)) == NULL)
		fail_msg("%s", said.text);
	assert_int_equal(p->files.n, 4);
	assert_int_equal(p->channels, 3);
	assert_string_equal(p->channel[0].name, "x");
	assert_int_equal(p->channel[0].where.line, 2);
	assert_string_equal(p->channel[1].name, "y");
	assert_string_equal(p->channel[2].name, "z");
	assert_int_equal(p->channel[2].where.line, 3);
	assert_string_equal(strrchr(p->channel[0].where.file, '/'), "/sub");
	policy_free(p);
}

struct tree {
	const char	*file[9];
	const char	*error;		/* NULL: loads */
};

static const struct tree trees[] = {
	{ { "m", "\ninclude(\"nowhere\")\n" }, "m:2: nowhere: cannot be "
	    "opened (No such file or directory): name a file that is there\n" },
	{ { "m", "include(\"nowhere/*\")\ninclude(\"m?x\")\n" }, NULL },
	{ { "m", "\ninclude(\"m\")\n" }, "m:2: m is included twice: name it "
	    "once\n" },
	{ { "m", "include(\"p\")\ninclude(\"p\")\n", "p", "" }, "m:2: p is "
	    "included twice: name it once\n" },
	{ { "m", "include(\"p\")\n", "p", "include(\"q\")\n", "q",
	    "\n\ninclude(\"p\")\n" }, "q:3: p is included twice: name it "
	    "once\n" },
	{ { "m", "include(\"p\")\n", "p", "\nmax-hops = 0\n" },
	    "p:2: max-hops = 0: a number from 1 to 1000 without a leading "
	    "zero would be right\n" },
	{ { "m", "max-hops = 5\ninclude(\"p\")\n", "p", "max-hops = 6\n" },
	    "p:1: max-hops is set again (first on line 1): keep one\n" },
	{ { "m", HEAD "include(\"p\")\naccount \"a\" {\n", "p", "a {" },
	    "m:6: the file ends inside the section that begins on line 5 and "
	    "may be cut off: close it with \"}\"\n" },
	{ { "m", HEAD "include(\"p\")\nmax-hops = 0\n", "p", "account \"a\" {"
	    "\n" }, "p:2: the file ends inside the section that begins on "
	    "line 1 and may be cut off: close it with \"}\"\n" },
	{ { "m", "include(\"p\")\ninclude(\"q\")\nnothing = 1\n", "p",
	    "\nfoo = 1\n", "q", "\n\n\nbar = 1\n" }, "p:2: no such option "
	    "'foo'" },
	{ { "m", HEAD "account \"a\" {\ninclude(\"p\")\n}\n" }, "m:5: no such "
	    "option 'include'" },
	{ { "m", "include(\"p\")\n" ENVIRON, "p", "max-hops = 5\n" }, NULL },
};

static void
faults_of_includes_are_told(void **state)
{
	struct said said;

	(void)state;
	for (size_t i = 0; i < NELEM(trees); i++) {
		struct policy *p = load_files(trees[i].file, &said);
		const char *error = trees[i].error == NULL ? "" :
		    trees[i].error;

		if ((p == NULL) != (*error != '\0') ||
		    strncmp(said.text, error, strlen(error)) != 0)
			fail_msg("tree %zu: %s", i, said.text);
		policy_free(p);
	}
}

/* An error in one file does not hide those of the next. */
static void
all_files_are_read(void **state)
{
	struct said said;

	(void)state;
	assert_null(load_files(trees[9].file, &said));
	assert_int_equal(said.errors, 3);
	assert_non_null(strstr(said.text, "q:4: no such option 'bar'"));
	assert_non_null(strstr(said.text, "m:3: no such option 'nothing'"));
}

static void
loose_includes_are_refused(void **state)
{
	struct said said;

	(void)state;
	site_write_n("m", "include(\"p\")\n", 13, 0640);
	site_write_n("p", HEAD, strlen(HEAD), 0666);
	assert_null(site_load_file("m", &said));
	assert_string_equal(said.text, "m:1: p: writable by everyone: chmod "
	    "go-w it\n");
	site_write_n("p", ENVIRON, strlen(ENVIRON), 0644);
	assert_null(site_load_file("m", &said));
	assert_int_equal(strncmp(said.text, "p:2: environment is a secret",
	    28), 0);
	unlink(site_path("p"));
}

static void
includes_go_ten_deep(void **state)
{
	char name[16], text[64];
	struct said said;
	struct policy *p;
	int i;

	(void)state;
	for (i = 0; i <= 10; i++) {
		snprintf(name, sizeof(name), "d%d", i);
		snprintf(text, sizeof(text), i == 10 ? "max-hops = 7\n" :
		    "include(\"d%d\")\n", i + 1);
		site_write(name, text);
	}
	p = site_load_file("d0", &said);
	assert_non_null(p);
	assert_int_equal(p->max_hops, 7);
	policy_free(p);
	site_write("d10", "include(\"d11\")\n");
	site_write("d11", "\n");
	assert_null(site_load_file("d0", &said));
	assert_string_equal(said.text, "d10:1: include() goes 10 files deep: "
	    "name the file further out\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loose_files_are_refused),
		cmocka_unit_test(strange_files_are_refused),
		cmocka_unit_test(includes_are_sorted_and_relative),
		cmocka_unit_test(faults_of_includes_are_told),
		cmocka_unit_test(all_files_are_read),
		cmocka_unit_test(loose_includes_are_refused),
		cmocka_unit_test(includes_go_ten_deep),
	};

	return cmocka_run_group_tests(tests, site_begin, site_end);
}
