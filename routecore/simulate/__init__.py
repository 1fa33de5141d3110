"""What-if: traffic replayed under another policy, in a world that both meet alike.

Three engines share one trace format, one world and one report: ``simulate`` runs the real ``Router`` on virtual time, ``batch`` decides whole traces with NumPy
against frozen statistics, ``ope`` estimates from logged propensities. Names are loaded when they are first used: NumPy comes with them.
"""
