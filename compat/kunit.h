/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Parameters of test modules: some kernels (6.1 is one) run a module's suites before they
 * parse its parameters, which a suite then reads from the command line itself.
 */
#ifndef DUALTREE_COMPAT_KUNIT_H
#define DUALTREE_COMPAT_KUNIT_H

#include <linux/ctype.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/string.h>

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
	char *args = THIS_MODULE->args, *at = args;
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
