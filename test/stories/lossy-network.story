# A third of all packets is lost on the only medium: heartbeats are late at worst, nobody is called dead.
nodes lb1* lb2    keepalive 500ms  deadtime 5s  initdead 10s
run 10s
----
0.003 lb2 peer-alive lb1 after start
0.003 lb1 peer-alive lb2 after start
0.003 lb1 takeover nobody has it
0.033 lb1 vip-up 192.0.2.10

lossy 30%
run 120s
----
36.046 lb2 peer-late lb1
