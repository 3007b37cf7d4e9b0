/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Contexts: CPUs, preemption, interrupts, locks and atomics, in a program of one thread.
 *
 *	HOST_CPUS CPUs	one runs at a time; per-CPU memory is that of host_now.cpu
 *	an interrupt	a call out of one of the points below, on the same CPU
 *	another CPU	the same, with another host_now.cpu: so each access that another CPU can
 *			see is a point where that CPU may have gone on
 *
 * A point is a READ_ONCE(), a WRITE_ONCE(), an atomic, a barrier. Each takes one from host_points;
 * when that gets to 0, host_interrupt() is called. The order of memory is that of the program:
 * barriers that are missing are for the models.
 *
 * What a context may not do fails: a lock that is taken twice, sleeping with preemption off, an
 * enable without a disable.
 */
#ifndef DUALTREE_HOST_CONTEXT_H
#define DUALTREE_HOST_CONTEXT_H

#include "base.h"

/* A build may have more: host/growth/sizes.h. */
#ifndef HOST_CPUS
#define HOST_CPUS	4
#endif
#define NR_CPUS		HOST_CPUS

/**
 * struct host_context - what a CPU is doing
 * @cpu: the CPU
 * @preempt: depth of preempt_disable()
 * @irqs_off: depth of local_irq_save()
 * @locks: raw spinlocks that are held, by the contexts that this one interrupted too
 * @hardirq: in an interrupt
 * @nmi: in an NMI
 * @nested: at a point of another context
 */
struct host_context {
	int cpu;
	int preempt;
	int irqs_off;
	int locks;
	bool hardirq;
	bool nmi;
	bool nested;
};

extern struct host_context host_now;
extern long host_points;

/* What happens at a point: a test that lets something happen there sets it. */
extern void (*host_interrupt)(void);

static __always_inline void host_point(void)
{
	if (unlikely(!--host_points))
		host_interrupt();
}

/*
 * An atomic operation takes its cache line at once, not first to read and then to write it: a build
 * that counts accesses is told of it (host/growth/counted.h).
 */
#ifndef host_modify
#define host_modify(p)		((void)0)
#endif

/* Fail if the caller may not sleep here. */
static inline void host_may_sleep(void)
{
	host_assert(!host_now.preempt && !host_now.irqs_off && !host_now.hardirq && !host_now.nmi);
}

#define might_sleep()		host_may_sleep()
#define cond_resched()		host_may_sleep()
/* What others do while a call sleeps, or NULL. */
extern void (*host_asleep)(void);

static inline void schedule_timeout_uninterruptible(long jiffies)
{
	host_may_sleep();
	if (host_asleep)
		host_asleep();
}

#define in_nmi()		(host_now.nmi)
#define preemptible()		(!host_now.preempt && !host_now.irqs_off)
#define smp_processor_id()	(host_now.cpu)
#define raw_smp_processor_id()	(host_now.cpu)

static inline void preempt_disable(void)
{
	host_now.preempt++;
	host_point();
}

static inline void preempt_enable(void)
{
	host_assert(host_now.preempt > 0);
	host_point();
	host_now.preempt--;
}

#define rcu_read_lock()		preempt_disable()
#define rcu_read_unlock()	preempt_enable()

#define barrier()		host_point()
#define smp_mb()		host_point()
#define smp_store_mb(x, value)	do { WRITE_ONCE(x, value); smp_mb(); } while (0)
#define smp_wmb()		host_point()
#define smp_rmb()		host_point()
#define smp_mb__before_atomic()	host_point()
#define smp_mb__after_atomic()	host_point()
#define smp_acquire__after_ctrl_dep() host_point()

#define kcsan_atomic_next(n)	((void)(n))
/* Both are for KCSAN, which is the kernel's. */
#define data_race(expr)		(expr)
#define READ_ONCE(x)		({ host_point(); *(const volatile typeof(x) *)&(x); })
#define WRITE_ONCE(x, value)						\
do {									\
	host_point();							\
	*(volatile typeof(x) *)&(x) = (value);				\
} while (0)
#define smp_load_acquire(p)	READ_ONCE(*(p))
#define smp_store_release(p, v)	WRITE_ONCE(*(p), v)

#define cmpxchg(p, old, new)						\
({									\
	typeof(*(p)) _old = (old), _was;				\
									\
	host_point();							\
	host_modify(p);							\
	_was = *(p);							\
	if (_was == _old)						\
		*(p) = (new);						\
	host_point();							\
	_was;								\
})

#define xchg(p, new)							\
({									\
	typeof(*(p)) _was;						\
									\
	host_point();							\
	host_modify(p);							\
	_was = *(p);							\
	*(p) = (new);							\
	host_point();							\
	_was;								\
})

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	long counter;
} atomic_long_t;

typedef atomic_long_t atomic64_t;
typedef atomic_long_t local64_t;

/* The operations on a type of counter that dualtree uses. */
#define HOST_ATOMIC(prefix, type, base)					\
static inline base prefix##_read(const type *v)				\
{									\
	return READ_ONCE(v->counter);					\
}									\
static inline void prefix##_set(type *v, base n)			\
{									\
	WRITE_ONCE(v->counter, n);					\
}									\
static inline base prefix##_add_return(base n, type *v)			\
{									\
	host_point();							\
	host_modify(v);							\
	return v->counter += n;						\
}									\
static inline void prefix##_add(base n, type *v)			\
{									\
	prefix##_add_return(n, v);					\
}									\
static inline void prefix##_sub(base n, type *v)			\
{									\
	prefix##_add_return(-n, v);					\
}									\
static inline void prefix##_inc(type *v)				\
{									\
	prefix##_add_return(1, v);					\
}									\
static inline base prefix##_inc_return(type *v)				\
{									\
	return prefix##_add_return(1, v);				\
}									\
static inline bool prefix##_dec_and_test(type *v)			\
{									\
	return !prefix##_add_return(-1, v);				\
}									\
static inline base prefix##_xchg(type *v, base n)			\
{									\
	return xchg(&v->counter, n);					\
}									\
static inline void prefix##_or(base bits, type *v)			\
{									\
	host_point();							\
	host_modify(v);							\
	v->counter |= bits;						\
}									\
static inline void prefix##_andnot(base bits, type *v)			\
{									\
	host_point();							\
	host_modify(v);							\
	v->counter &= ~bits;						\
}									\
static inline bool prefix##_try_cmpxchg(type *v, base *old, base n)	\
{									\
	base was = cmpxchg(&v->counter, *old, n);			\
	bool same = was == *old;					\
									\
	*old = was;							\
	return same;							\
}									\
static inline bool prefix##_add_unless(type *v, base n, base unless)	\
{									\
	host_point();							\
	host_modify(v);							\
	if (v->counter == unless)					\
		return false;						\
	v->counter += n;						\
	return true;							\
}

HOST_ATOMIC(atomic, atomic_t, int)
HOST_ATOMIC(atomic_long, atomic_long_t, long)
HOST_ATOMIC(atomic64, atomic64_t, long)
HOST_ATOMIC(local64, local64_t, long)

#define ATOMIC_INIT(n)		{ n }
#define LOCAL64_INIT(n)		{ n }

typedef struct {
	atomic_t refs;
} refcount_t;

static inline void refcount_set(refcount_t *r, int n)
{
	atomic_set(&r->refs, n);
}

static inline int refcount_read(const refcount_t *r)
{
	return atomic_read(&r->refs);
}

static inline void refcount_inc(refcount_t *r)
{
	host_assert(atomic_inc_return(&r->refs) > 1);
}

static inline bool refcount_dec_and_test(refcount_t *r)
{
	host_assert(atomic_read(&r->refs) > 0);
	return atomic_dec_and_test(&r->refs);
}

typedef struct {
	bool held;
} raw_spinlock_t;

#define DEFINE_RAW_SPINLOCK(name) raw_spinlock_t name

static inline void raw_spin_lock_init(raw_spinlock_t *lock)
{
	lock->held = false;
}

static inline bool host_try_lock(raw_spinlock_t *lock)
{
	host_now.irqs_off++;
	host_point();
	host_modify(lock);
	if (lock->held) {
		host_now.irqs_off--;
		return false;
	}
	lock->held = true;
	host_now.locks++;
	return true;
}

/* In a program of one thread the holder of a lock never goes on while another waits for it. */
static inline void host_lock(raw_spinlock_t *lock)
{
	host_assert(!in_nmi());
	host_assert(host_try_lock(lock));
}

static inline void host_unlock(raw_spinlock_t *lock)
{
	host_assert(lock->held && host_now.irqs_off > 0);
	lock->held = false;
	host_now.locks--;
	host_point();
	host_now.irqs_off--;
}

#define raw_spin_is_locked(lock)		((lock)->held)
#define raw_spin_lock_irqsave(lock, flags)	do { (flags) = 0; host_lock(lock); } while (0)
#define raw_spin_trylock_irqsave(lock, flags)	({ (flags) = 0; host_try_lock(lock); })
#define raw_spin_unlock_irqrestore(lock, flags)	do { (void)(flags); host_unlock(lock); } while (0)
#define raw_spin_lock_irq(lock)			host_lock(lock)
#define raw_spin_unlock_irq(lock)		host_unlock(lock)
#define raw_spin_lock(lock)			host_lock(lock)
#define raw_spin_unlock(lock)			host_unlock(lock)
#define lockdep_assert_held(lock)		host_assert((lock)->held)

struct mutex {
	bool held;
};

#define DEFINE_MUTEX(name)	struct mutex name

static inline bool mutex_trylock(struct mutex *lock)
{
	if (lock->held)
		return false;
	return lock->held = true;
}

static inline void mutex_lock(struct mutex *lock)
{
	host_may_sleep();
	host_assert(mutex_trylock(lock));
}

static inline void mutex_unlock(struct mutex *lock)
{
	host_assert(lock->held);
	lock->held = false;
}

/*
 * Per-CPU memory: the address of CPU 0's, and of the others at a fixed distance from it.
 */
#ifndef HOST_PERCPU_BYTES
#define HOST_PERCPU_BYTES	SZ_64K
#endif

void *__alloc_percpu(size_t size, size_t align);
void free_percpu(void *ptr);

#define per_cpu_ptr(p, cpu)							\
	((typeof(p))((char *)(p) + (size_t)(cpu) * HOST_PERCPU_BYTES))
#define this_cpu_ptr(p)		per_cpu_ptr(p, host_now.cpu)
#define raw_cpu_ptr(p)		this_cpu_ptr(p)
#define __this_cpu_read(v)	(*(volatile typeof(v) *)this_cpu_ptr(&(v)))
#define __this_cpu_write(v, n)	(*(volatile typeof(v) *)this_cpu_ptr(&(v)) = (n))
#define this_cpu_read(v)	READ_ONCE(*this_cpu_ptr(&(v)))
#define this_cpu_cmpxchg(v, old, new) cmpxchg(this_cpu_ptr(&(v)), old, new)

struct cpumask {
	unsigned long bits;
};

extern struct cpumask host_online, host_possible;
extern unsigned long host_nohz_full;

#define cpu_online_mask		(&host_online)
#define cpu_possible_mask	(&host_possible)
#define cpu_online(cpu)		(host_online.bits >> (cpu) & 1)
#define tick_nohz_full_cpu(cpu)	(host_nohz_full >> (cpu) & 1)
#define for_each_possible_cpu(cpu) for ((cpu) = 0; (cpu) < HOST_CPUS; (cpu)++)
#define for_each_cpu(cpu, mask)							\
	for ((cpu) = 0; (cpu) < HOST_CPUS; (cpu)++)				\
		if (!((mask)->bits >> (cpu) & 1)) {} else

/* The hotplug lock: a test may hold it, so that a try fails. */
extern bool host_hotplug_busy;

static inline void cpus_read_lock(void)
{
	host_may_sleep();
}

static inline void cpus_read_unlock(void)
{
}

static inline bool cpus_read_trylock(void)
{
	return !host_hotplug_busy;
}

int smp_call_function_single(int cpu, void (*fn)(void *data), void *data, int wait);

#endif /* DUALTREE_HOST_CONTEXT_H */
