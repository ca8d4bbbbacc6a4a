# "otherkeys ignore" on lb2: it goes by the silence, as a heartbeat 3.0.6 does, and takes everything. lb1 waits, so each VIP
# has one owner all the same.
nodes lb1* lb2*    keepalive 1s  deadtime 5s  initdead 10s  keys spring,autumn  otherkeys wait,ignore
run 60s
----
0.003 lb2 other-key lb1 eth0
0.003 lb1 other-key lb2 eth0, waits
10.000 lb2 peer-dead lb1
10.000 lb2 takeover lb1 is gone
10.000 lb2 takeover lb1 is gone
10.030 lb2 vip-up 192.0.2.10
10.030 lb2 vip-up 192.0.2.20

# lb2 dies: nobody speaks in its name any more, and lb1 takes everything.
crash lb2
run 20s
----
60.000 lb2 vip-down 192.0.2.10
60.000 lb2 vip-down 192.0.2.20
64.041 lb1 peer-dead lb2
64.041 lb1 keys-settled lb2 silent
64.041 lb1 takeover lb2 is gone
64.041 lb1 takeover lb2 is gone
64.071 lb1 vip-up 192.0.2.10
64.071 lb1 vip-up 192.0.2.20
