# One director starts alone: it waits initdead for the other, then takes everything. When the other comes, it gets its
# own group back.
nodes lb1* lb2*    keepalive 1s  deadtime 5s  initdead 10s  off lb2
run 20s
----
10.000 lb1 peer-dead lb2
10.000 lb1 takeover lb2 is gone
10.000 lb1 takeover lb2 is gone
10.030 lb1 vip-up 192.0.2.10
10.030 lb1 vip-up 192.0.2.20

boot lb2
run 10s
----
20.003 lb1 peer-alive lb2 after death
20.003 lb2 peer-alive lb1 after start
20.014 lb1 vip-down 192.0.2.20
20.044 lb2 takeover lb1 gave it
20.074 lb2 vip-up 192.0.2.20
