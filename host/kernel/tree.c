// SPDX-License-Identifier: GPL-2.0
/*
 * Augmented trees, in place of the kernel's red-black ones: treaps, in which each node has a
 * priority of its own, and none lies under one of lower priority.
 *
 * Seidel and Aragon, "Randomized Search Trees", Algorithmica 16, 1996.
 */
#include <kernel.h>

u32 host_trees;

/* Let @to take the place of @node under its parent. */
static void replace(struct rb_root *root, struct rb_node *node, struct rb_node *to)
{
	struct rb_node *parent = node->rb_parent;

	if (!parent)
		root->rb_node = to;
	else if (parent->rb_left == node)
		parent->rb_left = to;
	else
		parent->rb_right = to;
	if (to)
		to->rb_parent = parent;
}

/* Rotate a node above its parent. */
static void rotate(struct rb_root *root, struct rb_node *node,
		   const struct rb_augment_callbacks *augment)
{
	struct rb_node *parent = node->rb_parent, *moved;

	replace(root, parent, node);
	if (parent->rb_left == node) {
		moved = node->rb_right;
		parent->rb_left = moved;
		node->rb_right = parent;
	} else {
		moved = node->rb_left;
		parent->rb_right = moved;
		node->rb_left = parent;
	}
	if (moved)
		moved->rb_parent = parent;
	parent->rb_parent = node;
	augment->update(parent);
	augment->update(node);
}

void rb_insert_augmented(struct rb_node *node, struct rb_root *root,
			 const struct rb_augment_callbacks *augment)
{
	while (node->rb_parent && node->priority > node->rb_parent->priority)
		rotate(root, node, augment);
}

void rb_erase_augmented(struct rb_node *node, struct rb_root *root,
			const struct rb_augment_callbacks *augment)
{
	struct rb_node *left, *right, *up;

	while ((left = node->rb_left) && (right = node->rb_right))
		rotate(root, left->priority > right->priority ? left : right, augment);
	up = node->rb_parent;
	replace(root, node, node->rb_left ? node->rb_left : node->rb_right);
	for (; up; up = up->rb_parent)
		augment->update(up);
}

struct rb_node *rb_first(const struct rb_root *root)
{
	struct rb_node *node = root->rb_node;

	while (node && node->rb_left)
		node = node->rb_left;
	return node;
}

struct rb_node *rb_next(const struct rb_node *node)
{
	const struct rb_node *up;

	if (node->rb_right)
		return rb_first(&(struct rb_root){ node->rb_right });
	for (up = node->rb_parent; up && up->rb_right == node; up = up->rb_parent)
		node = up;
	return (struct rb_node *)up;
}

/* The first leaf under a node. */
static struct rb_node *first_leaf(struct rb_node *node)
{
	while (node && (node->rb_left || node->rb_right))
		node = node->rb_left ? node->rb_left : node->rb_right;
	return node;
}

struct rb_node *rb_first_postorder(const struct rb_root *root)
{
	return first_leaf(root->rb_node);
}

struct rb_node *rb_next_postorder(const struct rb_node *node)
{
	struct rb_node *up = node->rb_parent;

	if (up && up->rb_left == node && up->rb_right)
		return first_leaf(up->rb_right);
	return up;
}
