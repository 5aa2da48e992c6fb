/*
 * The configuration files, read by libconfuse: this file and conf_node.c alone
 * know it.
 * Trusts the author of the files, not his attention, and not libconfuse's:
 * conf_text.c has looked through each file before it comes here.
 *
 * libconfuse forgets where a value stood, so each is kept as a string
 * "FILE:LINE:VALUE", FILE being an index, and read when the policy is made.
 */
#include <confuse.h>
#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "conf_file.h"
#include "conf_parse.h"
#include "conf_text.h"

#define INCLUDE_DEPTH_MAX	10

struct file_id {
	dev_t	 dev;
	ino_t	 ino;
};

struct loader {
	struct conf_errors *errors;
	struct strings	*files;		/* the policy's */
	struct file_id	*id;		/* files->n of them */
	struct conf_keys top;
	unsigned int	 depth;
	/* The file that is being parsed: */
	size_t		 file;
	const struct conf_file *disk;
	struct conf_text text;
	size_t		 section;	/* the next to end */
	bool		 secret_told;
	char		*kept;		/* what libconfuse is about to copy */
	bool		 broken;	/* a file could not be parsed */
};

/* libconfuse gives its callbacks no argument of ours. */
static struct loader *loader;

static int keep_value(cfg_t *, cfg_opt_t *, const char *, void *);
static int include(cfg_t *, cfg_opt_t *, int, const char **);

#define VALUE(name)	CFG_STR_CB(name, NULL, CFGF_NODEFAULT, keep_value)
#define LIST(name)	CFG_STR_LIST_CB(name, NULL, CFGF_NODEFAULT, keep_value)
#define TITLED(name, opts) CFG_SEC(name, opts, CFGF_MULTI | CFGF_TITLE | \
			    CFGF_NO_TITLE_DUPES | CFGF_NODEFAULT)
#define PLAIN(name, opts) CFG_SEC(name, opts, CFGF_MULTI | CFGF_NODEFAULT)

static cfg_opt_t backend_keys[] = {
	LIST("command"), VALUE("input"), VALUE("timeout"), VALUE("parallel"),
	LIST("environment"), VALUE("setuid"), LIST("text"), LIST("cut-at"),
	VALUE("max-segments"), VALUE("overflow"), CFG_END()
};

static cfg_opt_t channel_keys[] = {
	VALUE("recipient"), VALUE("backend"), VALUE("number"),
	VALUE("country-code"), VALUE("trunk-prefix"), VALUE("auto-replies"),
	CFG_END()
};

static cfg_opt_t grant_keys[] = {
	VALUE("security-string"), VALUE("compare"), LIST("numbers"), CFG_END()
};

static cfg_opt_t domain_keys[] = {
	LIST("security"), VALUE("verify"), VALUE("forwarding-user"),
	VALUE("forwarded"), CFG_END()
};

static cfg_opt_t email_keys[] = {
	LIST("security"), VALUE("forwarding-user"), VALUE("forwarded"),
	CFG_END()
};

static cfg_opt_t users_keys[] = {
	LIST("security"), VALUE("forwarded"), CFG_END()
};

static cfg_opt_t ip_keys[] = {
	VALUE("forwarding-user"), CFG_END()
};

static cfg_opt_t anyone_keys[] = {
	LIST("security"), VALUE("forwarding-user"), VALUE("null-sender"),
	CFG_END()
};

static cfg_opt_t account_keys[] = {
	LIST("admin"), VALUE("forwarding-user"), LIST("security"),
	VALUE("verify"), VALUE("rate"), VALUE("enforce"),
	VALUE("notices-per-hour"), TITLED("channel", grant_keys),
	TITLED("domain", domain_keys), TITLED("email", email_keys),
	TITLED("users", users_keys), TITLED("ip", ip_keys),
	PLAIN("anyone", anyone_keys), CFG_END()
};

static cfg_opt_t top_keys[] = {
	VALUE("hostname"), VALUE("state-dir"), LIST("trusted-peers"),
	VALUE("client-address"), LIST("trusted-relays"), VALUE("authserv-id"),
	LIST("mailer"), VALUE("notice-from"), VALUE("max-message-size"),
	VALUE("max-recipients"), VALUE("dns-timeout"), VALUE("idle-timeout"),
	VALUE("reply-timeout"), VALUE("google-spf"), VALUE("outlook-spf"),
	VALUE("refusals"), VALUE("remember"), LIST("probe-senders"),
	VALUE("max-hops"), TITLED("backend", backend_keys),
	TITLED("channel", channel_keys), TITLED("account", account_keys),
	CFG_FUNC("include", include), CFG_END()
};

static struct where
here(const cfg_t *cfg)
{
	size_t file = strtoul(cfg->filename, NULL, 10);

	return (struct where){ loader->files->v[file], cfg->line };
}

/* A config that everyone can read must hold no secret. */
static void
check_secret(const cfg_t *cfg, const char *key, const char *value)
{
	if (!loader->disk->others_read || loader->secret_told ||
	    *value == '\0' || (strcmp(key, "security-string") != 0 &&
	    strcmp(key, "environment") != 0))
		return;
	loader->secret_told = true;
	conf_error(loader->errors, here(cfg), "%s is a secret, and everyone "
	    "can read this file: chmod o-r it", key);
}

static void
forget_kept(void)
{
	if (loader->kept != NULL)
		freezero(loader->kept, strlen(loader->kept));
	loader->kept = NULL;
}

static int
keep_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	check_secret(cfg, opt->name, value);
	forget_kept();
	if (asprintf(&loader->kept, "%zu:%d:%s", loader->file, cfg->line,
	    value) == -1)
		err(EX_OSERR, NULL);
	*(const char **)result = loader->kept;
	return 0;
}

/* A section has ended: give it the line on which it began. */
static int
end_section(cfg_t *cfg, cfg_opt_t *opt)
{
	const struct conf_text *text = &loader->text;
	cfg_t *section = cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);

	if (loader->section >= text->sections) {
		conf_error(loader->errors, here(cfg), "internal error: the "
		    "file is understood in two ways: quote all its values");
		return -1;
	}
	section->line = text->line[loader->section++];
	return 0;
}

static void
watch_sections(cfg_opt_t *opts)
{
	for (; opts->name != NULL; opts++) {
		if (opts->type != CFGT_SEC)
			continue;
		opts->validcb = end_section;
		watch_sections(opts->subopts);
	}
}

/* The names of a section's keys, for who wrote an unknown one. */
static const char *
list_keys(const cfg_t *cfg, char *out, size_t size)
{
	const cfg_opt_t *opt;

	*out = '\0';
	for (opt = cfg->opts; opt->name != NULL; opt++) {
		if (opt != cfg->opts)
			strlcat(out, ", ", size);
		strlcat(out, opt->name, size);
	}
	return out;
}

/* What libconfuse complains of once conf_text.c was content. */
static void
parse_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	static const struct {
		const char	*what;
		const char	*right;
	} advice[] = {
		{ "found duplicate", "each has one section: join the two" },
		{ "unexpected token '{'", "it takes one value, no list" },
		{ "missing title", "write name \"title\" { ... }" },
		{ "missing opening brace", "it has no title: write name "
		    "{ ... }" },
		{ "missing parenthesis", "write include(\"file\")" },
		{ "missing equal sign", "write key = value" },
	};
	char what[512], keys[512];
	const char *right = "see lmtpd.conf(5)";
	size_t i;

	vsnprintf(what, sizeof(what), fmt, ap);
	if (strncmp(what, "no such option", 14) == 0) {
		conf_error(loader->errors, here(cfg), "%s: known here are %s%s",
		    what, list_keys(cfg, keys, sizeof(keys)), cfg->title ==
		    NULL ? "" : "; or a \"}\" is missing above");
		return;
	}
	for (i = 0; i < sizeof(advice) / sizeof(advice[0]); i++)
		if (strncmp(what, advice[i].what, strlen(advice[i].what)) == 0)
			right = advice[i].right;
	conf_error(loader->errors, here(cfg), "%s: %s", what, right);
}

/* Parse text as file number loader->file; an outer file may be half done. */
static int
parse_text(cfg_t *cfg, struct conf_file *f)
{
	char index[32], *outer_name = cfg->filename;
	int rv, outer_line = cfg->line;
	size_t n = conf_text_squeeze(f->text, f->size);
	FILE *fp;

	if (n == 0)
		return 0;
	if ((fp = fmemopen(f->text, n, "r")) == NULL)
		return -1;
	snprintf(index, sizeof(index), "%zu", loader->file);
	cfg->filename = conf_dup(index);
	rv = cfg_parse_fp(cfg, fp) == CFG_SUCCESS ? 0 : -1;
	fclose(fp);
	free(cfg->filename);
	cfg->filename = outer_name;
	cfg->line = outer_line;
	return rv;
}

static void
say_text(void *arg, int line, const char *text)
{
	struct where w = { arg, line };

	conf_error(loader->errors, w, "%s", text);
}

/* Put a file on the list; NULL where it is there already. */
static const char *
add_file(const char *path, const struct conf_file *f)
{
	struct strings *files = loader->files;
	size_t i;

	for (i = 0; i < files->n; i++)
		if (loader->id[i].dev == f->dev && loader->id[i].ino == f->ino)
			return NULL;
	files->v = reallocarray(files->v, files->n + 2, sizeof(*files->v));
	loader->id = reallocarray(loader->id, files->n + 1,
	    sizeof(*loader->id));
	if (files->v == NULL || loader->id == NULL)
		err(EX_OSERR, NULL);
	loader->id[files->n] = (struct file_id){ f->dev, f->ino };
	files->v[files->n++] = conf_dup(path);
	files->v[files->n] = NULL;
	return files->v[files->n - 1];
}

/* Look through and parse; an outer file may be half done. */
static void
parse_file(cfg_t *cfg, const char *path, struct conf_file *f)
{
	const struct loader outer = *loader;
	struct conf_text_report report = { say_text, (void *)path };

	loader->disk = f;
	loader->file = loader->files->n - 1;
	loader->section = 0;
	loader->secret_told = false;
	if (conf_text_scan(f->text, f->size, &loader->top, &loader->text,
	    &report) == -1 || parse_text(cfg, f) == -1)
		loader->broken = true;
	conf_text_free(&loader->text);
	loader->disk = outer.disk;
	loader->file = outer.file;
	loader->text = outer.text;
	loader->section = outer.section;
	loader->secret_told = outer.secret_told;
}

/* from: the line that names the file. */
static void
load_file(cfg_t *cfg, const char *path, struct where from)
{
	struct conf_file f;
	const char *kept;
	char why[256];

	if (conf_file_read(path, &f, why, sizeof(why)) == -1) {
		conf_error(loader->errors, from, "%s%s%s",
		    loader->files->n == 0 ? "" : path,
		    loader->files->n == 0 ? "" : ": ", why);
		loader->broken = true;
		return;
	}
	if ((kept = add_file(path, &f)) == NULL)
		conf_error(loader->errors, from, "%s is included twice: name "
		    "it once", path);
	else
		parse_file(cfg, kept, &f);
	conf_file_free(&f);
}

/* include("pattern"): an error in one file lets the next one be read too. */
static int
include(cfg_t *cfg, cfg_opt_t *opt, int argc, const char **argv)
{
	struct where from = here(cfg);
	struct conf_paths paths;
	char why[256];
	size_t i;

	(void)opt;
	if (argc != 1 || *argv[0] == '\0') {
		conf_error(loader->errors, from, "include() takes one file "
		    "name or pattern: write include(\"accounts.d/*.conf\")");
		return 0;
	}
	if (loader->depth == INCLUDE_DEPTH_MAX) {
		conf_error(loader->errors, from, "include() goes %d files "
		    "deep: name the file further out", INCLUDE_DEPTH_MAX);
		return 0;
	}
	if (conf_paths_find(from.file, argv[0], &paths, why,
	    sizeof(why)) == -1) {
		conf_error(loader->errors, from, "include(\"%s\"): %s",
		    argv[0], why);
		return 0;
	}
	loader->depth++;
	for (i = 0; i < paths.n; i++)
		load_file(cfg, paths.path[i], from);
	loader->depth--;
	conf_paths_free(&paths);
	return 0;
}

int
conf_parse(const char *path, struct strings *files,
    struct conf_errors *errors, struct conf_node *root)
{
	struct loader l = { .errors = errors, .files = files };
	cfg_t *cfg;

	watch_sections(top_keys);
	if ((cfg = cfg_init(top_keys, CFGF_NONE)) == NULL)
		err(EX_OSERR, NULL);
	cfg_set_error_function(cfg, parse_error);
	loader = &l;
	load_file(cfg, path, (struct where){ path, 1 });
	if (l.broken && errors->n == 0) {
		conf_error(errors, (struct where){ path, 1 },
		    "cannot be parsed: see lmtpd.conf(5)");
		/* no memory, and libconfuse cannot free what it half made */
		cfg = NULL;
	}
	forget_kept();
	free(l.id);
	loader = NULL;
	*root = (struct conf_node){ cfg, files };
	return l.broken ? -1 : 0;
}

void
conf_parse_free(struct conf_node *root)
{
	cfg_free(root->section);
}
