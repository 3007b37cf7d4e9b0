/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files of the kernel's own file systems, for suites that may run before anything is mounted.
 */
#ifndef DUALTREE_KUNIT_FILES_H
#define DUALTREE_KUNIT_FILES_H

#include <linux/dcache.h>
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/mount.h>

/* Open @path of a file system of the type @name, as seen from its root. */
static inline struct file *open_unmounted(const char *name, const char *path, int flags)
{
	struct file_system_type *type = get_fs_type(name);
	struct vfsmount *mnt;
	struct file *file;

	if (!type)
		return ERR_PTR(-ENODEV);
	mnt = kern_mount(type);
	/* The mount has a reference of its own. */
	module_put(type->owner);
	if (IS_ERR(mnt))
		return ERR_CAST(mnt);
	file = file_open_root_mnt(mnt, path, flags, 0);
	/* And so has the file. */
	kern_unmount(mnt);
	return file;
}

/* Make the kernel ask all shrinkers for what they have. Return: could it be asked? */
static inline bool drop_slab_caches(void)
{
	struct file *file = open_unmounted("proc", "sys/vm/drop_caches", O_WRONLY);
	ssize_t written;
	loff_t pos = 0;

	if (IS_ERR(file))
		return false;
	written = kernel_write(file, "2", 1, &pos);
	filp_close(file, NULL);
	return written == 1;
}

/* Return: what lies in debugfs at @dir / @name, to be given to dput(); or NULL. */
static inline struct dentry *debugfs_find(const char *dir, const char *name)
{
	struct dentry *parent = debugfs_lookup(dir, NULL), *found;

	if (IS_ERR_OR_NULL(parent))
		return NULL;
	found = debugfs_lookup(name, parent);
	dput(parent);
	return IS_ERR(found) ? NULL : found;
}

#endif /* DUALTREE_KUNIT_FILES_H */
