/* SPDX-License-Identifier: GPL-2.0 */
/* Modules, the log, debugfs and trace events: nothing, or a line on stderr with HOST_LOG set. */
#ifndef DUALTREE_HOST_MODULE_H
#define DUALTREE_HOST_MODULE_H

#include "base.h"

#define EXPORT_SYMBOL_GPL(symbol)
#define EXPORT_SYMBOL(symbol)
#define EXPORT_SYMBOL_NS_GPL(symbol, ns)
#define MODULE_PARM_DESC(name, text)
#define MODULE_DESCRIPTION(text)
#define MODULE_AUTHOR(text)
#define MODULE_VERSION(text)
#define MODULE_LICENSE(text)
#define MODULE_IMPORT_NS(ns)
#define module_param(name, type, mode)
#define module_param_named(name, variable, type, mode)
#define module_param_cb(name, ops, arg, mode)				\
	const struct kernel_param_ops *host_param_##name(void) { return ops; }
#define __MODULE_PARM_TYPE(name, type)

struct kernel_param {
	void *arg;
};

struct kernel_param_ops {
	int (*set)(const char *val, const struct kernel_param *kp);
	int (*get)(char *to, const struct kernel_param *kp);
};

/* Passes over idle heaps: see pass.c. */
const struct kernel_param_ops *host_param_idle_ms(void);

static inline int param_get_uint(char *to, const struct kernel_param *kp)
{
	return sprintf(to, "%u", *(unsigned int *)kp->arg);
}

static inline int kstrtouint(const char *text, unsigned int base, unsigned int *value)
{
	char *end;

	*value = strtoul(text, &end, base);
	return *text && !*end ? 0 : -EINVAL;
}

/* The module's init and exit, which the tests call. */
#define postcore_initcall(fn)	int host_module_init(void) { return fn(); }
#define module_exit(fn)		void host_module_exit(void) { fn(); }
#define module_init(fn)		postcore_initcall(fn)

int host_module_init(void);
void host_module_exit(void);

/* Lines that were printed as errors, or as warnings; and the last one. */
extern unsigned long host_lines;
extern char host_last_line[];

void host_print(const char *format, ...);

#define pr_err(format, args...)			host_print(format, ##args)
#define pr_warn(format, args...)		host_print(format, ##args)
#define pr_err_ratelimited(format, args...)	host_print(format, ##args)
#define pr_warn_ratelimited(format, args...)	host_print(format, ##args)
#define panic(format, args...)			host_fail(format, ##args)

#define THIS_MODULE		NULL
#define __module_get(module)	((void)(module))
#define module_put(module)	((void)(module))

struct dentry;
struct seq_file;
#define debugfs_remove(file)	((void)(file))

/* An event that is never enabled; with host_tracing it is, and what it records is discarded. */
extern bool host_tracing;

#define TP_PROTO(args...)	args
#define TP_ARGS(args...)	args
#define DECLARE_EVENT_CLASS(name, args...)
#define TRACE_DEFINE_ENUM(name)
#define HOST_EVENT(name, proto...)					\
static inline __attribute__((unused)) void trace_##name(proto)		\
{									\
}									\
static inline __attribute__((unused)) bool trace_##name##_enabled(void)	\
{									\
	return unlikely(host_tracing);					\
}
#define TRACE_EVENT(name, proto, args...)		HOST_EVENT(name, proto)
#define DEFINE_EVENT(class, name, proto, args...)	HOST_EVENT(name, proto)

#endif /* DUALTREE_HOST_MODULE_H */
