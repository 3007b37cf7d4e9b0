/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Parameters of KUnit suites. Some kernels (6.1 is one) run a module's suites before they parse its
 * parameters; a suite then reads the command line itself. Headers do not tell which kernels do.
 */
#ifndef DUALTREE_COMPAT_KUNIT_H
#define DUALTREE_COMPAT_KUNIT_H

#include <linux/ctype.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/string.h>

/* A built-in suite has its parameters parsed at boot. */
#ifdef MODULE
static inline char *dt_module_args(void)
{
	return THIS_MODULE->args;
}
#else
static inline char *dt_module_args(void)
{
	return NULL;
}
#endif

/**
 * dt_test_param() - get a parameter, parsed or not
 * @assignment: name and "=", such as "seed="
 * @value: value of the variable
 *
 * Parsing cuts the command line at each blank, so a parsed line has no assignment after its
 * start.
 *
 * Context: Any.
 * Return: the number after the last @assignment, or @value if the line has none.
 */
static inline unsigned int dt_test_param(const char *assignment, unsigned int value)
{
	char *args = dt_module_args(), *at = args;
	int number;

	while (at && (at = strstr(at, assignment))) {
		bool begins = at == args || isspace(at[-1]);

		at += strlen(assignment);
		if (begins && get_option(&at, &number))
			value = number;
	}
	return value;
}

#endif /* DUALTREE_COMPAT_KUNIT_H */
