/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Suites as modules and built in. Parameters of test modules: some kernels (6.1 is one) run a
 * module's suites before they parse its parameters, which a suite then reads from the command
 * line itself.
 */
#ifndef DUALTREE_COMPAT_KUNIT_H
#define DUALTREE_COMPAT_KUNIT_H

#include <linux/ctype.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/string.h>

/*
 * A suite that is built in has its parameters parsed at boot, and is no module. It can have calls
 * of its own while the kernel boots; a module's are left out.
 */
#ifdef MODULE
#define dt_boot_call(level, fn)

static inline char *dt_module_args(void)
{
	return THIS_MODULE->args;
}
#else
#define dt_boot_call(level, fn)	level##_initcall(fn)

static inline char *dt_module_args(void)
{
	return NULL;
}
#endif

/**
 * dt_test_param() - what a parameter is, whether it has been parsed or not
 * @assignment: its name and "=", as "seed="
 * @value: of the variable
 *
 * Return: the number behind the last @assignment, or @value if there is none. Where the
 * parameters have been parsed there is none: that cuts the line into pieces.
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
