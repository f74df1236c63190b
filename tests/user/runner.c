// SPDX-License-Identifier: GPL-2.0
/*
 * Runs KUnit suites in user space and prints KTAP as a kernel would, between an
 * 'INIT: up' and an 'INIT: done', so that scripts/ktap reads both.
 *
 * usage: keel-tests [SUITE[.CASE]...]	only these
 */
#include <kunit/test.h>
#include <stdarg.h>

struct shim_memory {
	struct shim_memory *next;
	void *p;
};

static struct kunit_suite *all_suites[256];
static size_t nr_suites;

void shim_register(struct kunit_suite **suites, size_t n)
{
	BUG_ON(nr_suites + n > ARRAY_SIZE(all_suites));
	memcpy(all_suites + nr_suites, suites, n * sizeof(*suites));
	nr_suites += n;
}

void *kunit_kmalloc(struct kunit *test, size_t size, gfp_t gfp)
{
	struct shim_memory *m = malloc(sizeof(*m));

	BUG_ON(!m);
	m->p = kmalloc(size, gfp);
	m->next = test->memory;
	test->memory = m;
	return m->p;
}

void kunit_kfree(struct kunit *test, const void *p)
{
	struct shim_memory **link, *m;

	for (link = &test->memory; *link; link = &(*link)->next) {
		m = *link;
		if (m->p == p) {
			*link = m->next;
			free(m->p);
			free(m);
			return;
		}
	}
	BUG_ON(p);
}

void shim_note(struct kunit *test, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	printf("    # %s: ", test->name);
	vprintf(fmt, args);
	if (!*fmt || fmt[strlen(fmt) - 1] != '\n')
		printf("\n");
	va_end(args);
}

void shim_mark_skipped(struct kunit *test, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	test->status = KUNIT_SKIPPED;
	vsnprintf(test->comment, sizeof(test->comment), fmt, args);
	va_end(args);
}

void shim_abort(struct kunit *test)
{
	longjmp(test->abort, 1);
}

void shim_fail(struct kunit *test, const struct shim_failure *f, const char *fmt, ...)
{
	va_list args;

	test->status = KUNIT_FAILURE;
	printf("    # %s: %s FAILED at %s:%d\n", test->name,
	       f->assertion ? "ASSERTION" : "EXPECTATION", f->file, f->line);
	printf("    #   expected %s %s %s\n", f->left, f->op, f->right);
	if (f->value) {
		printf("    #   left:  %lld (0x%llx)\n", (long long)f->value[0], f->value[0]);
		printf("    #   right: %lld (0x%llx)\n", (long long)f->value[1], f->value[1]);
	}
	if (f->string) {
		printf("    #   left:  \"%s\"\n", f->string[0]);
		printf("    #   right: \"%s\"\n", f->string[1]);
	}
	if (*fmt) {
		va_start(args, fmt);
		printf("    #   ");
		vprintf(fmt, args);
		printf("\n");
		va_end(args);
	}
	if (f->assertion)
		shim_abort(test);
}

/* One call of a case: with one parameter, or without any. */
static void run_once(struct kunit_suite *suite, struct kunit_case *c, struct kunit *test)
{
	test->status = KUNIT_SUCCESS;
	test->comment[0] = '\0';
	test->priv = NULL;
	if (setjmp(test->abort) == 0) {
		int rc = suite->init ? suite->init(test) : 0;

		if (rc)
			KUNIT_FAIL(test, "init returned %d", rc);
		else
			c->run_case(test);
	}
	if (setjmp(test->abort) == 0 && suite->exit)
		suite->exit(test);
	while (test->memory)
		kunit_kfree(test, test->memory->p);
}

static void print_result(const struct kunit *test, const char *indent, int n,
			 const char *name)
{
	printf("%s%s %d %s", indent, test->status == KUNIT_FAILURE ? "not ok" : "ok", n, name);
	if (test->status == KUNIT_SKIPPED)
		printf(" # SKIP %s", test->comment);
	printf("\n");
}

static enum kunit_status run_params(struct kunit_suite *suite, struct kunit_case *c,
				    struct kunit *test)
{
	enum kunit_status status = KUNIT_SUCCESS;
	char desc[KUNIT_PARAM_DESC_SIZE] = "";
	const void *param;

	printf("        # Subtest: %s\n", c->name);
	test->param_index = 0;
	for (param = c->generate_params(NULL, desc); param;
	     param = c->generate_params(param, desc)) {
		test->param_value = param;
		run_once(suite, c, test);
		if (!desc[0])
			snprintf(desc, sizeof(desc), "param-%d", test->param_index);
		print_result(test, "        ", ++test->param_index, desc);
		if (test->status == KUNIT_FAILURE)
			status = KUNIT_FAILURE;
		desc[0] = '\0';
	}
	return status;
}

/* Is it named on the command line, or is none? */
static bool wanted(char **names, const char *suite, const char *name)
{
	char full[512];

	snprintf(full, sizeof(full), "%s.%s", suite, name);
	if (!*names)
		return true;
	for (; *names; names++)
		if (!strcmp(*names, suite) || !strcmp(*names, full))
			return true;
	return false;
}

static bool run_suite(struct kunit_suite *suite, char **names, int nr)
{
	struct kunit_case *c;
	bool good = true;
	int plan = 0, n = 0;

	for (c = suite->test_cases; c->run_case; c++)
		plan += wanted(names, suite->name, c->name);
	if (!plan)
		return false;
	printf("    # Subtest: %s\n    1..%d\n", suite->name, plan);
	if (suite->suite_init && suite->suite_init(suite)) {
		printf("    # suite_init failed\nnot ok %d %s\n", nr, suite->name);
		return true;
	}
	for (c = suite->test_cases; c->run_case; c++) {
		struct kunit test = { .name = c->name };

		if (!wanted(names, suite->name, c->name))
			continue;
		if (c->generate_params) {
			enum kunit_status status = run_params(suite, c, &test);

			test.status = status;
		} else {
			run_once(suite, c, &test);
		}
		print_result(&test, "    ", ++n, c->name);
		good &= test.status != KUNIT_FAILURE;
	}
	if (suite->suite_exit)
		suite->suite_exit(suite);
	printf("%s %d %s\n", good ? "ok" : "not ok", nr, suite->name);
	return true;
}

int main(int argc, char **argv)
{
	int nr = 1;

	(void)argc;
	/* in one order with what the sanitizers say, whatever happens next */
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("INIT: up\n");
	for (size_t i = 0; i < nr_suites; i++)
		nr += run_suite(all_suites[i], argv + 1, nr);
	printf("INIT: done\n");
	return 0;
}
