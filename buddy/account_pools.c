// SPDX-License-Identifier: GPL-2.0
/*
 * Pools whose arenas are charged to a cgroup, one for each cgroup: for instances that were created
 * with DUALTREE_ACCOUNT. A page is charged to one cgroup for as long as it is allocated, so an
 * arena that several cgroups share could be charged to none of them rightly.
 *
 * The first such instance of a cgroup creates its pool, the last one that is destroyed destroys it.
 *
 * Process context; may sleep. Lock: account_lock, which is held while a pool is created or
 * destroyed.
 */
#include <linux/err.h>
#include <linux/list.h>
#include <linux/memcontrol.h>
#include <linux/mutex.h>
#include <linux/numa.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include "account_pools.h"
#include "pool.h"

/**
 * struct account_pool - the pool of a cgroup
 * @link: entry in account_pools
 * @pool: the pool, which holds a reference of the cgroup
 * @users: number of instances
 */
struct account_pool {
	struct list_head link;
	struct buddy_pool *pool;
	unsigned int users;
};

static DEFINE_MUTEX(account_lock);
static LIST_HEAD(account_pools);

static struct account_pool *find_of_cgroup(const struct mem_cgroup *memcg)
{
	struct account_pool *account;

	lockdep_assert_held(&account_lock);
	list_for_each_entry(account, &account_pools, link)
		if (account->pool->memcg == memcg)
			return account;
	return NULL;
}

/* Create a pool of this task's cgroup, without users. Return: it or an error. */
static struct account_pool *account_create(void)
{
	const struct buddy_pool_params params = {
		.nid = NUMA_NO_NODE, .flags = BUDDY_POOL_ACCOUNT,
	};
	struct account_pool *account = kzalloc(sizeof(*account), GFP_KERNEL);
	struct buddy_pool *pool;

	if (!account)
		return ERR_PTR(-ENOMEM);
	pool = buddy_pool_create("account", &params);
	if (IS_ERR(pool)) {
		kfree(account);
		return ERR_CAST(pool);
	}
	account->pool = pool;
	list_add(&account->link, &account_pools);
	return account;
}

/**
 * buddy_account_pool_get() - get the pool of this task's cgroup
 *
 * Context: Process context. May sleep.
 * Return: the pool, for buddy_account_pool_put(), or what buddy_pool_create() returns on an error.
 */
struct buddy_pool *buddy_account_pool_get(void)
{
	struct mem_cgroup *memcg = get_mem_cgroup_from_mm(current->mm);
	struct account_pool *account;

	mutex_lock(&account_lock);
	account = find_of_cgroup(memcg) ?: account_create();
	if (!IS_ERR(account))
		account->users++;
	mutex_unlock(&account_lock);
	mem_cgroup_put(memcg);
	return IS_ERR(account) ? ERR_CAST(account) : account->pool;
}

/**
 * buddy_account_pool_put() - give up the use of a cgroup's pool
 * @pool: the pool, of which the caller has no block any more
 *
 * Context: Process context. May sleep.
 */
void buddy_account_pool_put(struct buddy_pool *pool)
{
	struct account_pool *account;

	mutex_lock(&account_lock);
	/* A cgroup may have two, if a task left it while it created the second. */
	list_for_each_entry(account, &account_pools, link)
		if (account->pool == pool)
			break;
	if (!--account->users) {
		list_del(&account->link);
		buddy_pool_destroy(pool);
		kfree(account);
	}
	mutex_unlock(&account_lock);
}
