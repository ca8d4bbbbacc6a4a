# The taker of a standby is stopped before the group has come: the giver takes it back, nobody else has it.
nodes lb1* lb2    keepalive 1s  deadtime 5s  initdead 10s  auto_failback off
run 5.3s
----
0.003 lb2 peer-alive lb1 after start
0.003 lb1 peer-alive lb2 after start
0.003 lb1 takeover nobody has it
0.033 lb1 vip-up 192.0.2.10

standby lb1 all
run 5ms
stop lb2
run 10s
----
5.310 lb1 vip-down 192.0.2.10
5.340 lb1 takeover lb2 is gone
5.370 lb1 vip-up 192.0.2.10
10.306 lb1 peer-dead lb2
10.306 lb1 link-dead lb2 eth0
