// SPDX-License-Identifier: GPL-2.0
/*
 * The commands of the generic-netlink family: who is meant, may it be, and who
 * does it.
 *
 * World: host.  Commands come in parallel from any number of senders; what they
 * have in common is locked where it is (vm.h).  The family is in the initial
 * network namespace only and takes CAP_NET_ADMIN in the initial user namespace:
 * the kernel sees to both before a command gets here, and to what uapi/keel.yaml
 * says of its attributes.  A reply is allocated before the command is carried out,
 * so that one that has failed has changed nothing.
 */
#include <linux/err.h>
#include <linux/string.h>
#include <net/genetlink.h>

#include "compat.h"
#include "keel.h"
#include "netlink.h"
#include "policy.h"
#include "vm.h"

#define DEFAULT_WEIGHT	100

/* Room for what is said of a guest, with a name and threads as many as there can be */
#define VM_REPLY	640

static struct keel *keel;

/**
 * struct call - a command to a guest
 * @vm: the guest, with a reference
 * @echo: the reply, NULL when none is asked for
 */
struct call {
	struct keel_vm *vm;
	struct sk_buff *echo;
};

/* Commands that name a guest by attributes of another set do it alike. */
static_assert((int)KEEL_A_STAT_ID == (int)KEEL_A_VM_ID &&
	      (int)KEEL_A_STAT_NAME == (int)KEEL_A_VM_NAME);
static_assert((int)KEEL_A_SHARE_ID == (int)KEEL_A_VM_ID &&
	      (int)KEEL_A_SHARE_NAME == (int)KEEL_A_VM_NAME);

/**
 * keel_nl_find() - the guest that a command names
 * @info: the command
 *
 * Return: the guest, with a reference; an ERR_PTR with its reason.
 */
struct keel_vm *keel_nl_find(struct genl_info *info)
{
	struct nlattr *id = info->attrs[KEEL_A_VM_ID], *name = info->attrs[KEEL_A_VM_NAME];
	struct keel_vm *vm;

	if (!id && !name) {
		NL_SET_ERR_ATTR_MISS(info->extack, NULL, KEEL_A_VM_NAME);
		NL_SET_ERR_MSG(info->extack, "id and name: one of them has to say which guest");
		return ERR_PTR(-EINVAL);
	}
	if (id) {
		vm = keel_vm_by_id(nla_get_u32(id));
		if (!vm) {
			NL_SET_ERR_MSG_ATTR(info->extack, id, "id: there is no guest of this id");
			return ERR_PTR(-ENOENT);
		}
		if (name && strcmp(vm->config.name, nla_data(name))) {
			NL_SET_ERR_MSG_ATTR(info->extack, name,
					    "name: the guest of this id has another name");
			keel_vm_put(vm);
			return ERR_PTR(-EINVAL);
		}
		return vm;
	}
	vm = keel_vm_by_name(nla_data(name));
	if (!vm) {
		NL_SET_ERR_MSG_ATTR(info->extack, name, "name: there is no guest of this name");
		return ERR_PTR(-ENOENT);
	}
	return vm;
}

/**
 * keel_nl_vm_reply() - a message with room for what is said of a guest
 *
 * Return: the message, or NULL.
 */
struct sk_buff *keel_nl_vm_reply(void)
{
	return genlmsg_new(VM_REPLY, GFP_KERNEL);
}

/* One that was made just now need not have its tty yet. */
static bool tells_tty(u8 cmd)
{
	return cmd != KEEL_CMD_VM_NEW && cmd != KEEL_CMD_VM_CLONE;
}

/**
 * keel_nl_vm_send() - reply with a guest
 * @msg: of keel_nl_vm_reply(); it is gone then
 * @info: the command
 * @vm: the guest
 *
 * Return: 0 or an errno.
 */
int keel_nl_vm_send(struct sk_buff *msg, struct genl_info *info, const struct keel_vm *vm)
{
	u8 cmd = info->genlhdr->cmd;
	void *head = genlmsg_put_reply(msg, info, &keel_nl_family, 0, cmd);
	int err = head ? keel_reply_vm(msg, vm, tells_tty(cmd)) : -EMSGSIZE;

	if (err) {
		nlmsg_free(msg);
		return err;
	}
	genlmsg_end(msg, head);
	return genlmsg_reply(msg, info);
}

static int begin(struct genl_info *info, struct call *call)
{
	call->echo = NULL;
	call->vm = keel_nl_find(info);
	if (IS_ERR(call->vm))
		return PTR_ERR(call->vm);
	if (!(info->nlhdr->nlmsg_flags & NLM_F_ECHO))
		return 0;
	call->echo = keel_nl_vm_reply();
	if (call->echo)
		return 0;
	keel_vm_put(call->vm);
	return -ENOMEM;
}

/*
 * A sender that has no room for the reply will not see an error either, and the
 * command was carried out: it has not failed.
 */
static int end(struct genl_info *info, struct call *call, int err)
{
	if (call->echo && !err)
		keel_nl_vm_send(call->echo, info, call->vm);
	else
		nlmsg_free(call->echo);
	keel_vm_put(call->vm);
	return err;
}

static int simple(struct genl_info *info,
		  int (*command)(struct keel_vm *vm, struct netlink_ext_ack *extack))
{
	struct call call;
	int err = begin(info, &call);

	return err ?: end(info, &call, command(call.vm, info->extack));
}

/**
 * keel_nl_good_name() - is it a name for a guest?
 * @name: as long as it may be
 *
 * Any bytes but those that would spoil a terminal, a list, or a path.
 *
 * Return: true when it is.
 */
bool keel_nl_good_name(const char *name)
{
	const char *c;

	for (c = name; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f || *c == '/')
			return false;
	return c != name;
}

static int read_config(struct genl_info *info, struct keel_vm_config *config)
{
	struct nlattr *name = info->attrs[KEEL_A_VM_NAME];
	struct nlattr *memory = info->attrs[KEEL_A_VM_MEMORY];
	struct nlattr *vcpus = info->attrs[KEEL_A_VM_VCPUS];
	struct nlattr *weight = info->attrs[KEEL_A_VM_WEIGHT];

	if (!name) {
		NL_SET_ERR_ATTR_MISS(info->extack, NULL, KEEL_A_VM_NAME);
		NL_SET_ERR_MSG(info->extack, "name: a guest has to have one");
		return -EINVAL;
	}
	if (!keel_nl_good_name(nla_data(name))) {
		NL_SET_ERR_MSG_ATTR(info->extack, name,
				    "name: 1 to 63 bytes, none of them a control character or '/'");
		return -EINVAL;
	}
	if (!memory) {
		NL_SET_ERR_ATTR_MISS(info->extack, NULL, KEEL_A_VM_MEMORY);
		NL_SET_ERR_MSG(info->extack, "memory: a guest has to have some");
		return -EINVAL;
	}
	config->memory = nla_get_u64(memory);
	if (config->memory % KEEL_PAGE_SIZE) {
		NL_SET_ERR_MSG_ATTR(info->extack, memory, "memory: has to be a multiple of 4096");
		return -EINVAL;
	}
	strscpy(config->name, nla_data(name), sizeof(config->name));
	config->vcpus = vcpus ? nla_get_u32(vcpus) : 1;
	config->weight = weight ? nla_get_u32(weight) : DEFAULT_WEIGHT;
	config->huge = info->attrs[KEEL_A_VM_HUGE];
	return 0;
}

/* What it is to start from; NULL without an error when that is not said. */
static struct keel_image *read_image(struct genl_info *info, u64 memory)
{
	struct nlattr *run = info->attrs[KEEL_A_VM_RUN];

	if (info->attrs[KEEL_A_VM_IMAGE_FD] || info->attrs[KEEL_A_VM_SEGMENT] ||
	    info->attrs[KEEL_A_VM_START] || info->attrs[KEEL_A_VM_RANDOM])
		return keel_image_from(info, memory);
	if (!run)
		return NULL;
	NL_SET_ERR_MSG_ATTR(info->extack, run, "run: takes an image to start from");
	return ERR_PTR(-EINVAL);
}

/* Makes it with its image, which is its own then, and lets it run if it shall. */
static struct keel_vm *make(struct genl_info *info, const struct keel_vm_config *config,
			    struct keel_image *image)
{
	struct keel_vm *vm = keel_vm_new(config, info->extack);
	int err = 0;

	if (IS_ERR(vm)) {
		keel_image_put(image);
		return vm;
	}
	if (image)
		err = keel_vm_load(vm, image, info->extack);
	if (err)
		keel_image_put(image);
	else if (info->attrs[KEEL_A_VM_RUN])
		err = keel_vm_start(vm, info->extack);
	if (!err)
		return vm;
	keel_vm_delete(vm, NULL);
	keel_vm_put(vm);
	return ERR_PTR(err);
}

/**
 * keel_nl_vm_new_doit() - make a guest, and load and start it if it is said what from
 * @skb: the command, in the context of whose files image-fd is one
 * @info: the command
 *
 * Return: 0, the guest being sent; an errno with its reason.
 */
int keel_nl_vm_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct keel_vm_config config = {};
	struct keel_image *image;
	struct keel_vm *vm;
	struct sk_buff *msg;
	int err = read_config(info, &config);

	if (err)
		return err;
	image = read_image(info, config.memory);
	if (IS_ERR(image))
		return PTR_ERR(image);
	msg = keel_nl_vm_reply();
	if (!msg) {
		keel_image_put(image);
		return -ENOMEM;
	}
	vm = make(info, &config, image);
	if (IS_ERR(vm)) {
		nlmsg_free(msg);
		return PTR_ERR(vm);
	}
	/* As in end() */
	keel_nl_vm_send(msg, info, vm);
	keel_vm_put(vm);
	return 0;
}

/**
 * keel_nl_vm_get_doit() - show a guest
 * @skb: the command
 * @info: the command
 *
 * Return: 0, the guest being sent; an errno with its reason.
 */
int keel_nl_vm_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct keel_vm *vm = keel_nl_find(info);
	struct sk_buff *msg;
	int err = -ENOMEM;

	if (IS_ERR(vm))
		return PTR_ERR(vm);
	msg = keel_nl_vm_reply();
	if (msg)
		err = keel_nl_vm_send(msg, info, vm);
	keel_vm_put(vm);
	return err;
}

/**
 * keel_nl_vm_set_doit() - change a guest's settings
 * @skb: the command
 * @info: the command
 *
 * Return: 0, or an errno with its reason.
 */
int keel_nl_vm_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *weight = info->attrs[KEEL_A_VM_WEIGHT];
	struct nlattr *template = info->attrs[KEEL_A_VM_TEMPLATE];
	struct call call;
	bool is_template;
	u32 share;
	int err;

	if (!weight && !template) {
		NL_SET_ERR_ATTR_MISS(info->extack, NULL, KEEL_A_VM_WEIGHT);
		NL_SET_ERR_MSG(info->extack, "weight and template: one of them has to be set");
		return -EINVAL;
	}
	if (weight)
		share = nla_get_u32(weight);
	if (template)
		is_template = nla_get_u32(template);
	err = begin(info, &call);
	return err ?: end(info, &call,
			  keel_vm_set(call.vm, weight ? &share : NULL,
				      template ? &is_template : NULL, info->extack));
}

/**
 * keel_nl_vm_del_doit() - delete a guest
 * @skb: the command
 * @info: the command
 *
 * Return: 0, or an errno with its reason.
 */
int keel_nl_vm_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	return simple(info, keel_vm_delete);
}

/**
 * keel_nl_vm_load_doit() - give a guest its image
 * @skb: the command, in the context of whose files image-fd is one
 * @info: the command
 *
 * Return: 0, or an errno with its reason.
 */
int keel_nl_vm_load_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct keel_image *image;
	struct call call;
	int err = begin(info, &call);

	if (err)
		return err;
	image = keel_image_from(info, call.vm->config.memory);
	if (IS_ERR(image))
		return end(info, &call, PTR_ERR(image));
	err = keel_vm_load(call.vm, image, info->extack);
	if (err)
		keel_image_put(image);
	return end(info, &call, err);
}

/**
 * keel_nl_vm_start_doit() - start a guest
 * @skb: the command
 * @info: the command
 *
 * Return: 0, or an errno with its reason.
 */
int keel_nl_vm_start_doit(struct sk_buff *skb, struct genl_info *info)
{
	return simple(info, keel_vm_start);
}

/**
 * keel_nl_vm_pause_doit() - keep a guest's vCPUs out
 * @skb: the command
 * @info: the command
 *
 * Return: 0, or an errno with its reason.
 */
int keel_nl_vm_pause_doit(struct sk_buff *skb, struct genl_info *info)
{
	return simple(info, keel_vm_pause);
}

/**
 * keel_nl_vm_resume_doit() - let a guest go on
 * @skb: the command
 * @info: the command
 *
 * Return: 0, or an errno with its reason.
 */
int keel_nl_vm_resume_doit(struct sk_buff *skb, struct genl_info *info)
{
	return simple(info, keel_vm_resume);
}

/**
 * keel_nl_vm_stop_doit() - ask a guest to stop
 * @skb: the command
 * @info: the command
 *
 * Return: 0, or an errno with its reason.
 */
int keel_nl_vm_stop_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *timeout = info->attrs[KEEL_A_VM_TIMEOUT];
	struct call call;
	int err = begin(info, &call);

	return err ?: end(info, &call,
			  keel_vm_stop(call.vm,
				       timeout ? nla_get_u32(timeout) : KEEL_STOP_TIMEOUT,
				       info->extack));
}

/**
 * keel_nl_vm_reset_doit() - start a guest again
 * @skb: the command
 * @info: the command
 *
 * Return: 0, or an errno with its reason.
 */
int keel_nl_vm_reset_doit(struct sk_buff *skb, struct genl_info *info)
{
	return simple(info, keel_vm_reset);
}

/**
 * keel_nl_status_get_doit() - show Keel itself
 * @skb: the command
 * @info: the command
 *
 * Return: 0, the status being sent; an errno with its reason.
 */
int keel_nl_status_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	void *head;
	int err;

	if (!msg)
		return -ENOMEM;
	head = genlmsg_put_reply(msg, info, &keel_nl_family, 0, KEEL_CMD_STATUS_GET);
	err = head ? keel_reply_status(msg, keel) : -EMSGSIZE;
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	genlmsg_end(msg, head);
	return genlmsg_reply(msg, info);
}

/**
 * keel_netlink_init() - take commands from now on
 * @k: Keel, ready for them
 *
 * Return: 0, or an errno.
 */
int keel_netlink_init(struct keel *k)
{
	int err;

	keel = k;
	err = genl_register_family(&keel_nl_family);
	if (!err)
		keel_notify_open();
	return err;
}

/**
 * keel_netlink_exit() - take no more commands, and tell nothing any more
 */
void keel_netlink_exit(void)
{
	keel_notify_close();
	genl_unregister_family(&keel_nl_family);
}
