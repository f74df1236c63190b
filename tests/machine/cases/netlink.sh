#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The generic-netlink family: every command in every state is answered, or refused
# with the errno and the text that say why; what is wrong with an attribute is said
# of that attribute, and changes nothing.  Then notifications, dumps that things
# change under, several clients, and consoles.
#
# needs: genl
. ./lib.sh

leaks=1

# These report for themselves.
genl() {
	./genl "$@" | tee /tmp/genl
	passed=$((passed + $(grep -c '^ok ' /tmp/genl)))
	failed=$((failed + $(grep -c '^not ok ' /tmp/genl)))
}

# What is right, but for one thing, is refused for that.
file='image-fd=new:8192 segment{ gpa=0 offset=0 size=4097 }'
image="$file start{ rip=0 }"

insmod keel_probe.ko
same "no family without Keel" "no family: ENOENT" "$(./genl < /dev/null)"
check "load" insmod keel.ko

genl << END
status-get | ok +1 abi=4 online=$(nproc) demoted=$(nproc) vms=0 running=0 donated= tampered=0
status-get 1:u32=1 | EINVAL
status-get 99:u32=1 | EINVAL Unknown attribute type
99 | EOPNOTSUPP
ntf | EOPNOTSUPP
dump status-get | EOPNOTSUPP
dump vm-get | ok +0
dump stat-get | ok +0
vm-get | EINVAL id and name
vm-get id=1 | ENOENT id: there is no guest
vm-get name=a | ENOENT name: there is no guest
vm-get id=0 | ERANGE out of range
vm-get 1:u64=1 | EINVAL
vm-get 1:raw=0101 | EINVAL
vm-get 2:raw=6161 | EINVAL
vm-get name=a memory=4096 | EINVAL
dump vm-get id=1 | EINVAL takes no attributes
dump stat-get name=a | EINVAL takes no attributes

vm-new | EINVAL name:
vm-new memory=4096 | EINVAL name:
vm-new name=a | EINVAL memory:
vm-new name= memory=4096 | EINVAL name: 1 to 63
vm-new name=a/b memory=4096 | EINVAL name: 1 to 63
vm-new name=a%0ab memory=4096 | EINVAL name: 1 to 63
vm-new name=a%7f memory=4096 | EINVAL name: 1 to 63
vm-new name=0123456789012345678901234567890123456789012345678901234567890123 memory=4096 | EINVAL
vm-new name=a memory=0 | ERANGE out of range
vm-new name=a memory=4095 | ERANGE out of range
vm-new name=a memory=4097 | EINVAL memory: has to be a multiple
vm-new name=a memory=4096 vcpus=0 | ERANGE out of range
vm-new name=a memory=4096 vcpus=17 | ERANGE out of range
vm-new name=a memory=4096 weight=0 | ERANGE out of range
vm-new name=a memory=4096 weight=10001 | ERANGE out of range
vm-new name=a memory=4096 id=7 | EINVAL
vm-new name=a memory=4096 state=1 | EINVAL
vm-new name=a memory=4096 99:u32=0 | EINVAL Unknown attribute type
vm-new name=a memory=4096 run | EINVAL run: takes an image
vm-new name=a memory=4096 segment{ gpa=0 offset=0 size=1 } start{ } | EINVAL image-fd:
vm-new name=a memory=4096 image-fd=new:8192 start{ } run | EINVAL segment:
vm-new name=a memory=4096 image-fd=new:8192 segment{ gpa=0 offset=0 size=4097 } start{ } | ERANGE segment: has to lie in the guest's memory
vm-new name=a memory=8192 image-fd=new:8192 segment{ gpa=0 offset=0 size=1 } run | EINVAL start:
status-get | ok vms=0

listen
vm-new name=a memory=1048576 | ok +1 id=1 name=a memory=1048576 vcpus=1 weight=100 state=created reason=1 detail=0 created= !console= !started= !thread=
event | created id=1 name=a state=created console=ttyKEEL1
vm-new name=a memory=4096 | EEXIST name
event | none
vm-new name=with%20a%20blank%20%22and%22%20\$so%c3%b6n memory=4096 vcpus=16 weight=10000 | ok id=2 vcpus=16
event | created id=2
vm-get name=with%20a%20blank%20%22and%22%20\$so%c3%b6n | ok +1 id=2
vm-get id=1 name=a | ok +1 id=1
vm-get id=2 name=a | EINVAL name: the guest of this id has another name
vm-get id=3 name=a | ENOENT id:
dump vm-get | ok +2 id=2
dump stat-get | ok +2 id=2
stat-get name=a | ok +1 id=1 mapped=0 !vcpu=
status-get | ok vms=2 running=0

share-get | ok +1 budget=20 pace=20 rate=0 cap=4294967295 short=0 scans-asked=0
share-get name=c | ENOENT name:
share-get name=a | ok +1 id=1 name=a enable=0 domain=0 pages-total=256 pages-untouched=256 why=1
share-get name=a rate=1 | EINVAL
share-set | EINVAL budget, cap and rate: one of them
share-set budget=0 | ERANGE out of range
share-set budget=101 | ERANGE out of range
share-set cap=1 | ERANGE out of range
share-set pace=3 | EINVAL
share-set enable=1 | EINVAL enable: which guest
share-set domain=1 budget=3 | EINVAL domain: of which guest
share-set budget=100 cap=2 rate=4294967295 | ok +0
share-get | ok budget=100 pace=100 rate=4294967295 cap=2
share-set rate=0 | ok +0
share-get | ok budget=100 rate=0 cap=2
share-set name=a | EINVAL enable and domain: one of them
share-set name=c enable=1 | ENOENT name:
share-set name=a enable=2 | ERANGE out of range
share-set name=a enable=1 budget=3 | EINVAL budget: is not a guest's
share-set name=a enable=1 cap=3 | EINVAL cap: is not a guest's
share-set name=a enable=1 rate=3 | EINVAL rate: is not a guest's
share-get name=a | ok enable=0
event | none
share-set name=a enable=1 domain=4294967295 | ok +0
event | changed id=1
share-get name=a | ok enable=1 domain=4294967295 pages-untouched=256 why=2
share-set name=a enable=0 domain=0 | ok +0
event | changed id=1
share-scan id=1 | EINVAL
share-scan | ok +0
share-get | ok scans-asked=1

vm-set name=a | EINVAL weight and template
vm-set name=a template=1 | EBUSY template:
vm-set name=a template=2 | ERANGE
vm-set name=a weight=0 | ERANGE
vm-set name=a weight=200 memory=4096 | EINVAL
vm-set weight=200 | EINVAL id and name
vm-set name=a weight=200 | ok +0
event | changed id=1 weight=200
echo vm-set name=a weight=300 | ok +1 id=1 weight=300
event | changed id=1 weight=300

# Without an image
vm-start name=a | ENODATA load one first
vm-pause name=a | EBUSY
vm-resume name=a | EBUSY
vm-stop name=a | EBUSY
vm-reset name=a | EBUSY
event | none
vm-get name=a | ok state=created

vm-load name=a | EINVAL segment:
vm-load $image | EINVAL id and name
vm-load name=b $image | ENOENT name:
vm-load name=a segment{ gpa=0 offset=0 size=1 } start{ } | EINVAL image-fd:
vm-load name=a image-fd=new:1 segment{ gpa=0 offset=0 size=1 } | EINVAL start:
vm-load name=a image-fd=77 segment{ gpa=0 offset=0 size=1 } start{ } | EBADF image-fd:
vm-load name=a image-fd=0xffffffff segment{ gpa=0 offset=0 size=1 } start{ } | EBADF image-fd:
vm-load name=a image-fd=pathonly segment{ gpa=0 offset=0 size=1 } start{ } | EBADF image-fd:
vm-load name=a image-fd=dir segment{ gpa=0 offset=0 size=1 } start{ } | EINVAL image-fd: has to be a regular
vm-load name=a image-fd=pipe segment{ gpa=0 offset=0 size=1 } start{ } | EINVAL image-fd: has to be a regular
vm-load name=a image-fd=writeonly segment{ gpa=0 offset=0 size=1 } start{ } | EBADF image-fd: has to be open for reading
vm-load name=a image-fd=new:8192 segment{ offset=0 size=1 } start{ } | EINVAL segment: has to have all
vm-load name=a image-fd=new:8192 segment{ gpa=0 size=1 } start{ } | EINVAL segment: has to have all
vm-load name=a image-fd=new:8192 segment{ gpa=0 offset=0 } start{ } | EINVAL segment: has to have all
vm-load name=a image-fd=new:8192 segment{ gpa=0 offset=0 size=0 } start{ } | ERANGE out of range
vm-load name=a image-fd=new:8192 segment{ gpa=2048 offset=0 size=1 } start{ } | EINVAL segment gpa:
vm-load name=a image-fd=new:8192 segment{ gpa=1048576 offset=0 size=1 } start{ } | ERANGE segment: has to lie in the guest's memory
vm-load name=a image-fd=new:8192 segment{ gpa=1044480 offset=0 size=4097 } start{ } | ERANGE segment: has to lie in the guest's memory
vm-load name=a image-fd=new:8192 segment{ gpa=4096 offset=0 size=0xfffffffffffff001 } start{ } | ERANGE segment: has to lie in the guest's memory
vm-load name=a image-fd=new:8192 segment{ gpa=0xfffffffffffff000 offset=0 size=8192 } start{ } | ERANGE segment: has to lie in the guest's memory
vm-load name=a image-fd=new:8192 segment{ gpa=0 offset=8192 size=1 } start{ } | ERANGE segment: has to end within the file
vm-load name=a image-fd=new:8192 segment{ gpa=0 offset=1 size=8192 } start{ } | ERANGE segment: has to end within the file
vm-load name=a image-fd=new:8192 segment{ gpa=0 offset=0xffffffffffffffff size=8192 } start{ } | ERANGE segment: has to end within the file
vm-load name=a image-fd=new:8192 segment{ gpa=4096 offset=0 size=1 } segment{ gpa=0 offset=0 size=4097 } start{ } | EINVAL segment: has to share no page
vm-load name=a image-fd=new:8192 segment{ gpa=0 offset=0 size=1 99:u32=1 } start{ } | EINVAL
vm-load name=a image-fd=new:8192 14:raw=00 start{ } | EINVAL
vm-load name=a random{ gpa=0 size=1 } | EINVAL segment:
vm-load name=a $file random{ gpa=0 size=1 } | EINVAL start:
vm-load name=a $file start{ } random{ size=1 } | EINVAL random: has to have gpa and size
vm-load name=a $file start{ } random{ gpa=0 } | EINVAL random: has to have gpa and size
vm-load name=a $file start{ } random{ gpa=0 offset=0 size=1 } | EINVAL random: has to have gpa and size
vm-load name=a $file start{ } random{ gpa=0 size=0 } | ERANGE out of range
vm-load name=a $file start{ } random{ gpa=0 size=8193 } | ERANGE random: has to lie in the pages of one segment
vm-load name=a $file start{ } random{ gpa=8192 size=1 } | ERANGE random:
vm-load name=a $file start{ } random{ gpa=1 size=0xffffffffffffffff } | ERANGE random:
vm-load name=a $file start{ } generation=8177 | ERANGE generation:
vm-load name=a $file start{ } generation=0xfffffffffffffff8 | ERANGE generation:
vm-load name=a $file start{ rip=0x100000000 } | EINVAL start: a register has 32 bits
vm-load name=a $file start{ gdt-limit=65536 } | ERANGE
vm-load name=a $file start{ long-mode } | EINVAL start cr3: 64-bit mode
vm-load name=a $file start{ long-mode cr3=1 } | EINVAL start cr3: has to be
vm-load name=a $file start{ long-mode cr3=1048576 } | EINVAL start cr3: has to be
vm-load name=a $file start{ long-mode cr3=4096 rip=0x800000000000 } | EINVAL start rip:
vm-load name=a $file start{ long-mode cr3=4096 gdt-base=0x800000000000 } | EINVAL start gdt-base:
vm-get name=a | ok state=created
event | none

vm-load name=a image-fd=new:8192 segments=65 start{ } | E2BIG segment: an image has to have 1 to 64
vm-load name=a image-fd=new:8192 segments=64 start{ } | ok +0
echo vm-load name=a $image | ok +1 state=stopped
vm-get name=a | ok state=stopped
END

genl << END
# Stopped
vm-pause name=a | EBUSY
vm-resume name=a | EBUSY
vm-stop name=a | EBUSY
vm-reset name=a | EBUSY
listen
echo vm-start name=a | ok +1 state=running started= thread=
event | state name=a state=running
# Running
status-get | ok vms=2 running=1
vm-start name=a | EBUSY
vm-resume name=a | EBUSY
vm-load name=a $image | EBUSY
stat-get name=a | ok +1 id=1 vcpu=
dump stat-get | ok +2
vm-pause id=1 | ok +0
event | state id=1 state=paused
# Paused
vm-pause id=1 | EBUSY
vm-start id=1 | EBUSY
vm-load id=1 $image | EBUSY
vm-get id=1 | ok state=paused thread=
vm-resume id=1 | ok +0
event | state id=1 state=running
vm-reset id=1 | ok
vm-get id=1 | ok state=running
vm-stop id=1 timeout=0 | ok
vm-get id=1 | ok state=stopped !thread=
vm-del id=1 | ok +0
vm-del id=1 | ENOENT id:
vm-get name=a | ENOENT
echo vm-del id=2 | ok +1 id=2
status-get | ok vms=0 running=0

# At once
listen
vm-new name=b memory=1048576 $image | ok +1 id=3 state=stopped !thread=
event | created id=3
event | state id=3 state=stopped
vm-start name=b | ok
event | state id=3 state=running
vm-new name=c memory=1048576 vcpus=2 $image run | ok +1 id=4 state=running started= thread=
event | created id=4
event | state id=4 state=stopped
event | state id=4 state=running
vm-new name=c memory=1048576 $image run | EEXIST name
vm-del name=b | ok
vm-del name=c | ok
# Clones
vm-new name=s memory=1048576 $image run | ok state=running
vm-clone | EINVAL clone:
vm-clone clone=x | EINVAL id and name
vm-clone name=s | EINVAL clone:
vm-clone name=nobody clone=x | ENOENT name:
vm-clone name=s clone= | EINVAL clone: 1 to 63
vm-clone name=s clone=a/b | EINVAL clone: 1 to 63
vm-clone name=s clone=x count=0 | ERANGE out of range
vm-clone name=s clone=x count=65280 | ERANGE out of range
vm-clone name=s clone=01234567890123456789012345678901234567890123456789012345678901 count=9 | EINVAL clone: longer
vm-clone name=s clone=x memory=1048576 | EINVAL
vm-clone name=s clone=s | EEXIST name
vm-set name=s template=1 | EBUSY template:
status-get | ok vms=1
listen
vm-clone name=s clone=x | ok +1 name=x memory=1048576 vcpus=1 state=paused started= !template= !console= !thread=
event | created name=x state=paused
vm-clone name=x clone=y run | ok +1 name=y state=running
event | created name=y state=paused
event | state name=y state=running
vm-clone name=x clone=y count=3 | ok +1 name=y-1 state=paused
vm-clone name=x clone=y count=2 | EEXIST name
status-get | ok vms=6 running=2
vm-set name=x template=1 | ok +0
vm-get name=x | ok template=1
vm-resume name=x | EBUSY is a template
vm-stop name=x timeout=0 | EBUSY is a template
vm-reset name=x | EBUSY is a template
echo vm-set name=x template=0 | ok +1 !template=
vm-resume name=x | ok
vm-del name=s | ok
vm-del name=x | ok
vm-del name=y | ok
vm-del name=y-1 | ok
vm-del name=y-2 | ok
vm-del name=y-3 | ok
change 120
race 100
status-get | ok vms=0
END

same "not in another network namespace" "no family: ENOENT" "$(./genl -n < /dev/null)"
genl -u << END
status-get | EPERM
dump vm-get | EPERM
vm-new name=a memory=4096 | EPERM
vm-del id=1 | EPERM
END
genl -U << END
status-get | EPERM
vm-new name=a memory=4096 | EPERM
END

# Root's messages come once a second.
genl << END
listen
run cat $probe/attack > /tmp/attack
run sleep 2
event | tamper tamper-address= tamper-cpu=
END

# What the guest says before somebody listens is there, the last 4 KiB of it.
genl << END
vm-new name=console memory=65536 | ok
vm-load name=console $image | ok
END
tty=/dev/$(./genl << END | sed -n 's/.*console=\(ttyKEEL[0-9]*\).*/\1/p'
vm-get name=console | EPERM
END
)
check "the tty is there" test -c "$tty"
echo "vm-start name=console | ok" | genl
soon=$((watched ? 60 : 1))
sleep $soon
cat "$tty" > /tmp/said &
reader=$!
sleep $soon
awk 'BEGIN { for (i = 1904; i < 6000; i++) printf "%c", 97 + i % 26 }' > /tmp/want
check "early output is kept" cmp /tmp/said /tmp/want
printf 'Hello, Guest\n' > "$tty"
sleep $soon
printf 'hELLO\014\000gUEST*' >> /tmp/want
check "what is typed arrives, and nothing is echoed twice" cmp /tmp/said /tmp/want
echo "vm-del name=console | ok" | genl
tries=0
while kill -0 $reader 2> /tmp/err && [ $((tries += 1)) -lt 50 ]; do sleep 0.1; done
check "whoever reads sees the end" test $tries -lt 50
check "the tty is gone" test ! -e "$tty"
check "unload" rmmod keel
finish
