# auto_failback legacy (7.4b): the groups of a node go home when it starts, and hb_standby and hb_takeover are refused.
nodes lb1* lb2*    keepalive 1s  deadtime 5s  initdead 10s  auto_failback legacy  off lb1
run 20.3s
----
10.000 lb2 peer-dead lb1
10.000 lb2 takeover lb1 is gone
10.000 lb2 takeover lb1 is gone
10.030 lb2 vip-up 192.0.2.10
10.030 lb2 vip-up 192.0.2.20

boot lb1
run 10s
----
20.303 lb2 peer-alive lb1 after death
20.304 lb1 peer-alive lb2 after start
20.314 lb2 vip-down 192.0.2.10
20.345 lb1 takeover lb2 gave it
20.375 lb1 vip-up 192.0.2.10

standby lb1 all
takeover lb2 all
run 1s
----
30.300 lb1 refused Standby mode only implemented when nice_failback on
30.300 lb2 refused Standby mode only implemented when nice_failback on

stop lb1
run 10s
----
31.310 lb1 vip-down 192.0.2.10
31.340 lb2 takeover nobody has it
31.370 lb2 vip-up 192.0.2.10
36.340 lb2 peer-dead lb1
36.340 lb2 link-dead lb1 eth0
