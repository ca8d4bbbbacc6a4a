# One of two media is cut: a link is dead, nothing else happens.
nodes lb1* lb2    keepalive 1s  deadtime 5s  initdead 10s  media eth0,eth1
run 20.5s
----
0.002 lb1 peer-alive lb2 after start
0.002 lb2 peer-alive lb1 after start
0.003 lb1 takeover nobody has it
0.033 lb1 vip-up 192.0.2.10

cut eth0
run 20s
----
25.004 lb1 link-dead lb2 eth0
25.044 lb2 link-dead lb1 eth0

heal eth0
run 5s
----
