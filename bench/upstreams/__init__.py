"""What stands behind the gateways: a static answer (nginx), an event stream and a holder of long polls.

All of them run on the load's core.
"""
