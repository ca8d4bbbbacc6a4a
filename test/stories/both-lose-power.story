# Both directors lose power and come back (7.3): the preferred one takes its group as soon as each has heard the other.
nodes lb1* lb2    keepalive 1s  deadtime 5s  initdead 10s
run 5.3s
----
0.003 lb2 peer-alive lb1 after start
0.003 lb1 peer-alive lb2 after start
0.003 lb1 takeover nobody has it
0.033 lb1 vip-up 192.0.2.10

crash lb1
crash lb2
run 5s
boot lb2
run 2s
boot lb1
run 10s
----
5.300 lb1 vip-down 192.0.2.10
12.302 lb1 peer-alive lb2 after start
12.303 lb2 peer-alive lb1 after start
12.303 lb1 takeover nobody has it
12.333 lb1 vip-up 192.0.2.10
