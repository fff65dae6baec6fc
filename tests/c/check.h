/*
 * What the test programs share. C89 and C++98 both.
 *
 * Every program is called as: PROGRAM FIXTURES SANDBOX_CONFIG TAG LIBRARY
 *   FIXTURES        folder with keys and configurations of a merchant whose
 *                   WeChat Pay is a port that nobody listens on
 *   SANDBOX_CONFIG  configuration of the running sandbox, or "-"
 *   TAG             a text that no other run has, for request numbers
 *   LIBRARY         path of the shared library, for the program that loads it
 */
#ifndef CHECK_H
#define CHECK_H

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wxcoupon.h"

enum { FIXTURES = 1, SANDBOX_CONFIG, TAG, LIBRARY, ARGUMENTS };

/* Says what the checks that follow prove. */
void proves(const char *what);

#define CHECK(condition) check_true((condition) ? 1 : 0, #condition, __FILE__, __LINE__)
#define CHECK_NUMBER(found, expected) \
    check_number((long)(found), (long)(expected), #found, __FILE__, __LINE__)
#define CHECK_STATUS(found, expected) check_status((found), (expected), #found, __FILE__, __LINE__)
#define CHECK_TEXT(found, expected) check_text((found), (expected), #found, __FILE__, __LINE__)

void check_true(int holds, const char *what, const char *file, int line);
void check_number(long found, long expected, const char *what, const char *file, int line);
void check_status(int32_t found, int32_t expected, const char *what, const char *file, int line);
void check_text(const char *found, const char *expected, const char *what, const char *file, int line);

/* Fails the program when it was called wrongly. */
void check_arguments(int argc);

/* What main returns: 0 when every check held and every handle was freed. */
int check_finish(void);

/* The whole file, ended by NUL; the caller frees it. Ends the program when it cannot be read. */
char *file_text(const char *folder, const char *name);

/* A context from a configuration file; NULL and a failed check when it is refused. */
wxcoupon_ctx *context_from(const char *folder, const char *name);

/*
 * The text of a member of an answer, unescaped only where nothing is escaped; "" when it is absent.
 * Members of the answer itself stand before those inside "data".
 */
const char *answer_text(const char *json, const char *name, char *out, size_t cap);

/* One member of a JSON object: its name and its value as JSON. */
typedef struct {
    const char *name;
    const char *value;
} member;

/*
 * Writes the object that has the members of base (ended by a NULL name), but where `name` has `value`:
 * another value, left out when value is NULL, or added. `name` may be NULL for base itself. In values,
 * '@' stands for the text `at`.
 */
const char *object_with(const member *base, const char *name, const char *value, const char *at);

#endif
