"""The README's main job, through a client that openapi-python-client made of docs/openapi.json.

The generated package is `people`. API, EMAIL and PASSWORD (of an admin) come from the environment.
"""

import os
import uuid

from people import AuthenticatedClient, Client
from people.api.auth import sign_in
from people.api.users import create_user, list_managed_customers, read_me, read_user, update_user
from people.models import (
    CreateCustomer,
    CreateCustomerMetadataType0,
    CreateStaff,
    CustomerRole,
    CustomerUser,
    PasswordSignin,
    Problem,
    SignedIn,
    StaffRole,
    StaffUser,
    UpdateCustomer,
)

API = os.environ["API"]
MANAGER_PASSWORD = "staple battery horse"


def signed_in(email, password):
    with Client(base_url=API) as anyone:
        answer = sign_in.sync(client=anyone, body=PasswordSignin(email=email, password=password))
    assert isinstance(answer, SignedIn), answer
    return AuthenticatedClient(base_url=API, token=answer.access_token)


def problem(answer, code):
    assert isinstance(answer, Problem) and answer.code == code, answer
    return answer


admin = signed_in(os.environ["EMAIL"], os.environ["PASSWORD"])
for email in ("ida@example.com", "ivo@example.com"):
    staff = CreateStaff(role=StaffRole.MANAGER, email=email, password=MANAGER_PASSWORD)
    entered = create_user.sync(client=admin, body=staff)
    assert isinstance(entered, StaffUser) and entered.email == email, entered
ida, ivo = (signed_in(email, MANAGER_PASSWORD) for email in ("ida@example.com", "ivo@example.com"))

metadata = CreateCustomerMetadataType0.from_dict({"tier": "gold"})
customer = CreateCustomer(role=CustomerRole.CUSTOMER, phone="+998 90 765-43-21", display_name="Eva", metadata=metadata)
created = create_user.sync_detailed(client=ida, body=customer, idempotency_key=str(uuid.uuid4()))
eva = created.parsed
assert created.status_code == 201 and isinstance(eva, CustomerUser), created
assert eva.phone == "+998907654321" and eva.metadata["tier"] == "gold", eva

own = list_managed_customers.sync(client=ida, limit=10, q="ev")
assert [user.id for user in own.items] == [eva.id], own
assert list_managed_customers.sync(client=ivo).items == []

problem(read_user.sync(id=eva.id, client=ivo), "not_found")
renamed = UpdateCustomer(display_name="Evelyn")
problem(update_user.sync(id=eva.id, client=ida, body=renamed, if_match='"0"'), "precondition_failed")
changed = update_user.sync(id=eva.id, client=ida, body=renamed, if_match=created.headers["ETag"])
assert changed.display_name == "Evelyn", changed
wrong = create_user.sync(client=ida, body=CreateCustomer(role=CustomerRole.CUSTOMER, phone="no phone"))
assert problem(wrong, "validation_failed").errors[0].pointer == "/phone"
with Client(base_url=API) as anyone:
    problem(read_me.sync(client=anyone), "invalid_token")

print("python: the walk is done")
