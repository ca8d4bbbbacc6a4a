# Two directors are started with different keys in authkeys: neither understands the other, both hear that it is there.
# After initdead neither takes anything, and both say why. (A heartbeat 3.0.6 goes by the silence: both take everything.)
nodes lb1* lb2*    keepalive 1s  deadtime 5s  initdead 10s  keys spring,autumn
run 60s
----
0.003 lb2 other-key lb1 eth0, waits
0.003 lb1 other-key lb2 eth0, waits

# lb2 gets the key of lb1 and is reloaded: all is as at any start.
key lb2 spring
run 10s
----
60.003 lb1 keys-settled lb2 heard
60.003 lb1 peer-alive lb2 after start
60.003 lb2 keys-settled lb1 heard
60.003 lb2 peer-alive lb1 after start
60.003 lb2 takeover nobody has it
60.004 lb1 takeover nobody has it
60.033 lb2 vip-up 192.0.2.20
60.034 lb1 vip-up 192.0.2.10
