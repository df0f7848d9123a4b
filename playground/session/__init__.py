"""One visitor's page, in four layers, each in a file: the only owner of `st.session_state`.

`visit` is what there is, `clicks` what a browser sends, `editing` what changes the experiment,
`visitor` the rest of what is done on a page. What widgets show is kept in `widgets`.
"""

from playground.session.visit import MOVES as MOVES
from playground.session.visitor import Session as Session
from playground.session.visitor import session as session
from playground.session.widgets import EchoError as EchoError
