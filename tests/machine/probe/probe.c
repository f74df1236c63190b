// SPDX-License-Identifier: GPL-2.0
/*
 * keel_probe.ko: the files under debugfs keel_probe/.
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "probe.h"

static struct dentry *dir;

#define PROBE_FILE(name)						\
static int name##_show(struct seq_file *m, void *unused)		\
{									\
	probe_##name(m);						\
	return 0;							\
}									\
DEFINE_SHOW_ATTRIBUTE(name)

PROBE_FILE(state);
PROBE_FILE(vmx);
PROBE_FILE(nmi);
PROBE_FILE(roottab);
PROBE_FILE(attack);
PROBE_FILE(hcall);

static ssize_t break_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	char what[32] = "";
	int err;

	if (len >= sizeof(what) || copy_from_user(what, buf, len))
		return -EINVAL;
	err = probe_break(strim(what));
	return err ?: len;
}

static const struct file_operations break_fops = {
	.owner = THIS_MODULE,
	.write = break_write,
};

static int __init probe_init(void)
{
	dir = debugfs_create_dir("keel_probe", NULL);
	debugfs_create_file("state", 0400, dir, NULL, &state_fops);
	debugfs_create_file("vmx", 0400, dir, NULL, &vmx_fops);
	debugfs_create_file("nmi", 0400, dir, NULL, &nmi_fops);
	debugfs_create_file("roottab", 0400, dir, NULL, &roottab_fops);
	debugfs_create_file("attack", 0400, dir, NULL, &attack_fops);
	debugfs_create_file("hcall", 0400, dir, NULL, &hcall_fops);
	debugfs_create_file("break", 0200, dir, NULL, &break_fops);
	return 0;
}

static void __exit probe_exit(void)
{
	debugfs_remove_recursive(dir);
	probe_break_exit();
}

module_init(probe_init);
module_exit(probe_exit);
MODULE_DESCRIPTION("Keel's tests: look at a CPU, provoke what user space cannot");
MODULE_LICENSE("GPL");
