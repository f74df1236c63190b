/* SPDX-License-Identifier: GPL-2.0 */
/* User-space shim: the part of KUnit that the suites use, of the meaning of 6.1. */
#ifndef SHIM_KUNIT_TEST_H
#define SHIM_KUNIT_TEST_H

#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <setjmp.h>

#define KUNIT_PARAM_DESC_SIZE	128

struct kunit;
struct shim_memory;

enum kunit_status {
	KUNIT_SUCCESS,
	KUNIT_FAILURE,
	KUNIT_SKIPPED,
};

struct kunit_case {
	void (*run_case)(struct kunit *test);
	const char *name;
	const void *(*generate_params)(const void *prev, char *desc);
};

struct kunit_suite {
	const char name[256];
	int (*suite_init)(struct kunit_suite *suite);
	void (*suite_exit)(struct kunit_suite *suite);
	int (*init)(struct kunit *test);
	void (*exit)(struct kunit *test);
	struct kunit_case *test_cases;
};

struct kunit {
	void *priv;
	const char *name;
	const void *param_value;
	int param_index;
	/* the rest is the shim's own */
	enum kunit_status status;
	char comment[256];
	struct shim_memory *memory;
	jmp_buf abort;
};

/* registered before main() starts, by each file for itself */
void shim_register(struct kunit_suite **suites, size_t n);

#define kunit_test_suites(...)							\
	static void __attribute__((__constructor__)) shim_register_suites(void)	\
	{									\
		static struct kunit_suite *suites[] = { __VA_ARGS__ };		\
										\
		shim_register(suites, ARRAY_SIZE(suites));			\
	}									\
	_Static_assert(1, "")
#define kunit_test_suite(suite)	kunit_test_suites(&(suite))

#define KUNIT_CASE(test)		{ .run_case = test, .name = #test }
#define KUNIT_CASE_PARAM(test, params) \
	{ .run_case = test, .name = #test, .generate_params = params }

#define KUNIT_ARRAY_PARAM(name, array, get_desc)				\
	static const void *name##_gen_params(const void *prev, char *desc)	\
	{									\
		__typeof__(&(array)[0]) next =					\
			prev ? (__typeof__(next))(prev) + 1 : (array);		\
		void (*describe)(__typeof__(next), char *) = get_desc;		\
										\
		if ((size_t)(next - (array)) >= ARRAY_SIZE(array))		\
			return NULL;						\
		if (describe)							\
			describe(next, desc);					\
		return next;							\
	}									\
	_Static_assert(1, "")

void *kunit_kmalloc(struct kunit *test, size_t size, gfp_t gfp);
void kunit_kfree(struct kunit *test, const void *p);

static inline void *kunit_kzalloc(struct kunit *test, size_t size, gfp_t gfp)
{
	return kunit_kmalloc(test, size, gfp | __GFP_ZERO);
}

static inline void *kunit_kmalloc_array(struct kunit *test, size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	return __builtin_mul_overflow(n, size, &bytes) ? NULL : kunit_kmalloc(test, bytes, gfp);
}

static inline void *kunit_kcalloc(struct kunit *test, size_t n, size_t size, gfp_t gfp)
{
	return kunit_kmalloc_array(test, n, size, gfp | __GFP_ZERO);
}

void shim_note(struct kunit *test, const char *fmt, ...) __printf(2, 3);
void shim_mark_skipped(struct kunit *test, const char *fmt, ...) __printf(2, 3);
void __noreturn shim_abort(struct kunit *test);

#define kunit_info			shim_note
#define kunit_warn			shim_note
#define kunit_err			shim_note
#define kunit_log(level, test, ...)	shim_note(test, __VA_ARGS__)
#define kunit_mark_skipped		shim_mark_skipped
#define kunit_skip(test, ...) \
	do { shim_mark_skipped(test, __VA_ARGS__); shim_abort(test); } while (0)

/* What a failed check prints; the pointers are NULL where a check has no such values. */
struct shim_failure {
	const char *file;
	int line;
	bool assertion;
	const char *left, *op, *right;
	const unsigned long long *value;	/* of the left and of the right */
	const char *const *string;
};

/* Does not return from an assertion. */
void shim_fail(struct kunit *test, const struct shim_failure *f, const char *fmt, ...)
	__printf(3, 4);

#define SHIM_FAIL(test, is_assert, l, o, r, v, s, ...)				\
	shim_fail(test, &(const struct shim_failure){				\
		.file = __FILE__, .line = __LINE__, .assertion = (is_assert),	\
		.left = (l), .op = (o), .right = (r), .value = (v), .string = (s) }, \
		__VA_ARGS__)

#define SHIM_BINARY(test, is_assert, l, op, r, ...)				\
	do {									\
		const __typeof__(l) __l = (l);					\
		const __typeof__(r) __r = (r);					\
										\
		if (!(__l op __r)) {						\
			const unsigned long long __v[] = {			\
				(unsigned long long)__l, (unsigned long long)__r };	\
										\
			SHIM_FAIL(test, is_assert, #l, #op, #r, __v, NULL, __VA_ARGS__); \
		}								\
	} while (0)

#define SHIM_POINTER(test, is_assert, l, op, r, ...) \
	SHIM_BINARY(test, is_assert, (const void *)(l), op, (const void *)(r), __VA_ARGS__)

#define SHIM_STRING(test, is_assert, l, op, r, ...)				\
	do {									\
		const char *const __s[] = { (l), (r) };				\
										\
		if (!(strcmp(__s[0], __s[1]) op 0))				\
			SHIM_FAIL(test, is_assert, #l, #op, #r, NULL, __s, __VA_ARGS__); \
	} while (0)

#define SHIM_UNARY(test, is_assert, what, cond, ...)				\
	do {									\
		if (!(cond))							\
			SHIM_FAIL(test, is_assert, what, "", "", NULL, NULL, __VA_ARGS__); \
	} while (0)

#define SHIM_MEMORY(test, is_assert, l, op, r, size, ...) \
	SHIM_UNARY(test, is_assert, #size " bytes at " #l " " #op " " #r, \
		   memcmp(l, r, size) op 0, __VA_ARGS__)

#define KUNIT_SUCCEED(test)		do { } while (0)
#define KUNIT_FAIL(test, ...)		SHIM_UNARY(test, false, "failure", false, __VA_ARGS__)

#define KUNIT_EXPECT_EQ(t, l, r)		SHIM_BINARY(t, false, l, ==, r, "")
#define KUNIT_EXPECT_EQ_MSG(t, l, r, ...)	SHIM_BINARY(t, false, l, ==, r, __VA_ARGS__)
#define KUNIT_EXPECT_NE(t, l, r)		SHIM_BINARY(t, false, l, !=, r, "")
#define KUNIT_EXPECT_NE_MSG(t, l, r, ...)	SHIM_BINARY(t, false, l, !=, r, __VA_ARGS__)
#define KUNIT_EXPECT_LT(t, l, r)		SHIM_BINARY(t, false, l, <, r, "")
#define KUNIT_EXPECT_LT_MSG(t, l, r, ...)	SHIM_BINARY(t, false, l, <, r, __VA_ARGS__)
#define KUNIT_EXPECT_LE(t, l, r)		SHIM_BINARY(t, false, l, <=, r, "")
#define KUNIT_EXPECT_LE_MSG(t, l, r, ...)	SHIM_BINARY(t, false, l, <=, r, __VA_ARGS__)
#define KUNIT_EXPECT_GT(t, l, r)		SHIM_BINARY(t, false, l, >, r, "")
#define KUNIT_EXPECT_GT_MSG(t, l, r, ...)	SHIM_BINARY(t, false, l, >, r, __VA_ARGS__)
#define KUNIT_EXPECT_GE(t, l, r)		SHIM_BINARY(t, false, l, >=, r, "")
#define KUNIT_EXPECT_GE_MSG(t, l, r, ...)	SHIM_BINARY(t, false, l, >=, r, __VA_ARGS__)
#define KUNIT_EXPECT_PTR_EQ(t, l, r)	SHIM_POINTER(t, false, l, ==, r, "")
#define KUNIT_EXPECT_PTR_EQ_MSG(t, l, r, ...) \
	SHIM_POINTER(t, false, l, ==, r, __VA_ARGS__)
#define KUNIT_EXPECT_PTR_NE(t, l, r)	SHIM_POINTER(t, false, l, !=, r, "")
#define KUNIT_EXPECT_PTR_NE_MSG(t, l, r, ...) \
	SHIM_POINTER(t, false, l, !=, r, __VA_ARGS__)
#define KUNIT_EXPECT_STREQ(t, l, r)	SHIM_STRING(t, false, l, ==, r, "")
#define KUNIT_EXPECT_STREQ_MSG(t, l, r, ...) \
	SHIM_STRING(t, false, l, ==, r, __VA_ARGS__)
#define KUNIT_EXPECT_STRNEQ(t, l, r)	SHIM_STRING(t, false, l, !=, r, "")
#define KUNIT_EXPECT_STRNEQ_MSG(t, l, r, ...) \
	SHIM_STRING(t, false, l, !=, r, __VA_ARGS__)
#define KUNIT_EXPECT_MEMEQ(t, l, r, n)	SHIM_MEMORY(t, false, l, ==, r, n, "")
#define KUNIT_EXPECT_MEMEQ_MSG(t, l, r, n, ...) \
	SHIM_MEMORY(t, false, l, ==, r, n, __VA_ARGS__)
#define KUNIT_EXPECT_MEMNEQ(t, l, r, n)	SHIM_MEMORY(t, false, l, !=, r, n, "")
#define KUNIT_EXPECT_MEMNEQ_MSG(t, l, r, n, ...) \
	SHIM_MEMORY(t, false, l, !=, r, n, __VA_ARGS__)
#define KUNIT_EXPECT_TRUE(t, c) \
	SHIM_UNARY(t, false, #c, c, "")
#define KUNIT_EXPECT_TRUE_MSG(t, c, ...) \
	SHIM_UNARY(t, false, #c, c, __VA_ARGS__)
#define KUNIT_EXPECT_FALSE(t, c) \
	SHIM_UNARY(t, false, "!(" #c ")", !(c), "")
#define KUNIT_EXPECT_FALSE_MSG(t, c, ...) \
	SHIM_UNARY(t, false, "!(" #c ")", !(c), __VA_ARGS__)
#define KUNIT_EXPECT_NULL(t, c) \
	SHIM_UNARY(t, false, #c " is NULL", !(c), "")
#define KUNIT_EXPECT_NULL_MSG(t, c, ...) \
	SHIM_UNARY(t, false, #c " is NULL", !(c), __VA_ARGS__)
#define KUNIT_EXPECT_NOT_NULL(t, c) \
	SHIM_UNARY(t, false, #c " is not NULL", c, "")
#define KUNIT_EXPECT_NOT_NULL_MSG(t, c, ...) \
	SHIM_UNARY(t, false, #c " is not NULL", c, __VA_ARGS__)
#define KUNIT_EXPECT_NOT_ERR_OR_NULL(t, c) \
	SHIM_UNARY(t, false, #c " is a pointer", !IS_ERR_OR_NULL(c), "")
#define KUNIT_EXPECT_NOT_ERR_OR_NULL_MSG(t, c, ...) \
	SHIM_UNARY(t, false, #c " is a pointer", !IS_ERR_OR_NULL(c), __VA_ARGS__)

#define KUNIT_ASSERT_EQ(t, l, r)		SHIM_BINARY(t, true, l, ==, r, "")
#define KUNIT_ASSERT_EQ_MSG(t, l, r, ...)	SHIM_BINARY(t, true, l, ==, r, __VA_ARGS__)
#define KUNIT_ASSERT_NE(t, l, r)		SHIM_BINARY(t, true, l, !=, r, "")
#define KUNIT_ASSERT_NE_MSG(t, l, r, ...)	SHIM_BINARY(t, true, l, !=, r, __VA_ARGS__)
#define KUNIT_ASSERT_LT(t, l, r)		SHIM_BINARY(t, true, l, <, r, "")
#define KUNIT_ASSERT_LT_MSG(t, l, r, ...)	SHIM_BINARY(t, true, l, <, r, __VA_ARGS__)
#define KUNIT_ASSERT_LE(t, l, r)		SHIM_BINARY(t, true, l, <=, r, "")
#define KUNIT_ASSERT_LE_MSG(t, l, r, ...)	SHIM_BINARY(t, true, l, <=, r, __VA_ARGS__)
#define KUNIT_ASSERT_GT(t, l, r)		SHIM_BINARY(t, true, l, >, r, "")
#define KUNIT_ASSERT_GT_MSG(t, l, r, ...)	SHIM_BINARY(t, true, l, >, r, __VA_ARGS__)
#define KUNIT_ASSERT_GE(t, l, r)		SHIM_BINARY(t, true, l, >=, r, "")
#define KUNIT_ASSERT_GE_MSG(t, l, r, ...)	SHIM_BINARY(t, true, l, >=, r, __VA_ARGS__)
#define KUNIT_ASSERT_PTR_EQ(t, l, r)	SHIM_POINTER(t, true, l, ==, r, "")
#define KUNIT_ASSERT_PTR_EQ_MSG(t, l, r, ...) \
	SHIM_POINTER(t, true, l, ==, r, __VA_ARGS__)
#define KUNIT_ASSERT_PTR_NE(t, l, r)	SHIM_POINTER(t, true, l, !=, r, "")
#define KUNIT_ASSERT_PTR_NE_MSG(t, l, r, ...) \
	SHIM_POINTER(t, true, l, !=, r, __VA_ARGS__)
#define KUNIT_ASSERT_STREQ(t, l, r)	SHIM_STRING(t, true, l, ==, r, "")
#define KUNIT_ASSERT_STREQ_MSG(t, l, r, ...) \
	SHIM_STRING(t, true, l, ==, r, __VA_ARGS__)
#define KUNIT_ASSERT_STRNEQ(t, l, r)	SHIM_STRING(t, true, l, !=, r, "")
#define KUNIT_ASSERT_STRNEQ_MSG(t, l, r, ...) \
	SHIM_STRING(t, true, l, !=, r, __VA_ARGS__)
#define KUNIT_ASSERT_MEMEQ(t, l, r, n)	SHIM_MEMORY(t, true, l, ==, r, n, "")
#define KUNIT_ASSERT_MEMEQ_MSG(t, l, r, n, ...) \
	SHIM_MEMORY(t, true, l, ==, r, n, __VA_ARGS__)
#define KUNIT_ASSERT_MEMNEQ(t, l, r, n)	SHIM_MEMORY(t, true, l, !=, r, n, "")
#define KUNIT_ASSERT_MEMNEQ_MSG(t, l, r, n, ...) \
	SHIM_MEMORY(t, true, l, !=, r, n, __VA_ARGS__)
#define KUNIT_ASSERT_TRUE(t, c) \
	SHIM_UNARY(t, true, #c, c, "")
#define KUNIT_ASSERT_TRUE_MSG(t, c, ...) \
	SHIM_UNARY(t, true, #c, c, __VA_ARGS__)
#define KUNIT_ASSERT_FALSE(t, c) \
	SHIM_UNARY(t, true, "!(" #c ")", !(c), "")
#define KUNIT_ASSERT_FALSE_MSG(t, c, ...) \
	SHIM_UNARY(t, true, "!(" #c ")", !(c), __VA_ARGS__)
#define KUNIT_ASSERT_NULL(t, c) \
	SHIM_UNARY(t, true, #c " is NULL", !(c), "")
#define KUNIT_ASSERT_NULL_MSG(t, c, ...) \
	SHIM_UNARY(t, true, #c " is NULL", !(c), __VA_ARGS__)
#define KUNIT_ASSERT_NOT_NULL(t, c) \
	SHIM_UNARY(t, true, #c " is not NULL", c, "")
#define KUNIT_ASSERT_NOT_NULL_MSG(t, c, ...) \
	SHIM_UNARY(t, true, #c " is not NULL", c, __VA_ARGS__)
#define KUNIT_ASSERT_NOT_ERR_OR_NULL(t, c) \
	SHIM_UNARY(t, true, #c " is a pointer", !IS_ERR_OR_NULL(c), "")
#define KUNIT_ASSERT_NOT_ERR_OR_NULL_MSG(t, c, ...) \
	SHIM_UNARY(t, true, #c " is a pointer", !IS_ERR_OR_NULL(c), __VA_ARGS__)

#endif /* SHIM_KUNIT_TEST_H */
