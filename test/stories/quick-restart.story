# heartbeat is killed (SIGKILL) and started again within its lease: it finds its VIP in the kernel, keeps it, and its
# peer hears a new life of the same owner. No gap.
nodes lb1* lb2    keepalive 1s  deadtime 5s  initdead 10s
run 20.5s
----
0.003 lb2 peer-alive lb1 after start
0.003 lb1 peer-alive lb2 after start
0.003 lb1 takeover nobody has it
0.033 lb1 vip-up 192.0.2.10

kill lb1
run 1.5s
start lb1
run 10s
----
22.003 lb2 peer-alive lb1 after restart
22.003 lb1 peer-alive lb2 after start

# Started again after the lease, it is a stranger; the kernel has removed the VIP meanwhile.
kill lb1
run 4s
start lb1
run 10s
----
33.543 lb2 peer-late lb1
34.422 lb1 vip-down 192.0.2.10 by the kernel
36.002 lb2 peer-alive lb1 after restart
36.003 lb1 peer-alive lb2 after start
36.003 lb1 takeover nobody has it
36.033 lb1 vip-up 192.0.2.10
