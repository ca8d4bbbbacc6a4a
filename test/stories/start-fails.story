# A resource of the group does not start on the preferred node: the group is stopped there and given to the other one.
nodes lb1* lb2    keepalive 1s  deadtime 5s  initdead 10s  off lb1
run 20s
----
10.000 lb2 peer-dead lb1
10.000 lb2 takeover lb1 is gone
10.030 lb2 vip-up 192.0.2.10

refuse lb1 ldirectord::0.cf
boot lb1
run 60s
----
20.003 lb2 peer-alive lb1 after death
20.003 lb1 peer-alive lb2 after start
20.014 lb2 vip-down 192.0.2.10
20.045 lb1 takeover lb2 gave it
20.105 lb1 failed ldirectord::0.cf
20.105 lb2 takeover lb1 gave it
20.135 lb2 vip-up 192.0.2.10
