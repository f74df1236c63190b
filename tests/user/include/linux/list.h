/* SPDX-License-Identifier: GPL-2.0 */
/* User-space shim: heads of lists, and the lists of hash tables. */
#ifndef SHIM_LINUX_LIST_H
#define SHIM_LINUX_LIST_H

#include <linux/kernel.h>

struct list_head {
	struct list_head *next, *prev;
};

struct hlist_head {
	struct hlist_node *first;
};

struct hlist_node {
	struct hlist_node *next, **pprev;
};

static inline bool hlist_unhashed(const struct hlist_node *node)
{
	return !node->pprev;
}

static inline void hlist_del(struct hlist_node *node)
{
	*node->pprev = node->next;
	if (node->next)
		node->next->pprev = node->pprev;
}

static inline void hlist_del_init(struct hlist_node *node)
{
	if (hlist_unhashed(node))
		return;
	hlist_del(node);
	node->next = NULL;
	node->pprev = NULL;
}

static inline void hlist_add_head(struct hlist_node *node, struct hlist_head *head)
{
	node->next = head->first;
	if (node->next)
		node->next->pprev = &node->next;
	head->first = node;
	node->pprev = &head->first;
}

#define hlist_entry_safe(ptr, type, member) \
	({ __typeof__(ptr) __p = (ptr); __p ? container_of(__p, type, member) : NULL; })

#define hlist_for_each_entry(pos, head, member)						\
	for (pos = hlist_entry_safe((head)->first, __typeof__(*(pos)), member); pos;		\
	     pos = hlist_entry_safe((pos)->member.next, __typeof__(*(pos)), member))

#define hlist_for_each_entry_safe(pos, n, head, member)						\
	for (pos = hlist_entry_safe((head)->first, __typeof__(*(pos)), member);			\
	     pos && ({ n = (pos)->member.next; 1; });						\
	     pos = hlist_entry_safe(n, __typeof__(*(pos)), member))

#endif /* SHIM_LINUX_LIST_H */
