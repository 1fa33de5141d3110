"""The pure decision, from a read request to an explained plan.

1. ``request/`` reads what is asked, once.
2. ``solve.pose`` makes a ``Case`` with its ``Pool``: the endpoints of the asked models.
3. ``eligibility.filters`` and ``fits`` keep what may serve.
4. ``expansion.expand`` makes candidates: each endpoint with each credential.
5. ``ranking.rank`` places them, pass by pass.
6. ``Plan`` draws its order when it is read.
7. ``eligibility.examine``, ``warnings`` and ``explain`` work only when asked.
"""
