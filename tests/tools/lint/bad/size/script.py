"""A ferry's own site, as short as can be. It is too long."""

from __future__ import annotations

from datetime import datetime

from farm.contract import Lookup, VenueScript
from farm.facts import Claim, Hold, Offer, Recap, Refusal, Sighting, Slot
from farm.request import Request
from farm.visit import Visit

PIERS = {
    "pier 1": "001",
    "pier 2": "002",
    "pier 3": "003",
    "pier 4": "004",
    "pier 5": "005",
    "pier 6": "006",
    "pier 7": "007",
    "pier 8": "008",
    "pier 9": "009",
    "pier 10": "010",
    "pier 11": "011",
    "pier 12": "012",
    "pier 13": "013",
    "pier 14": "014",
    "pier 15": "015",
    "pier 16": "016",
    "pier 17": "017",
    "pier 18": "018",
    "pier 19": "019",
    "pier 20": "020",
    "pier 21": "021",
    "pier 22": "022",
    "pier 23": "023",
    "pier 24": "024",
    "pier 25": "025",
    "pier 26": "026",
    "pier 27": "027",
    "pier 28": "028",
    "pier 29": "029",
    "pier 30": "030",
    "pier 31": "031",
    "pier 32": "032",
    "pier 33": "033",
    "pier 34": "034",
    "pier 35": "035",
    "pier 36": "036",
    "pier 37": "037",
    "pier 38": "038",
    "pier 39": "039",
    "pier 40": "040",
    "pier 41": "041",
    "pier 42": "042",
    "pier 43": "043",
    "pier 44": "044",
    "pier 45": "045",
    "pier 46": "046",
    "pier 47": "047",
    "pier 48": "048",
    "pier 49": "049",
    "pier 50": "050",
    "pier 51": "051",
    "pier 52": "052",
    "pier 53": "053",
    "pier 54": "054",
    "pier 55": "055",
    "pier 56": "056",
    "pier 57": "057",
    "pier 58": "058",
    "pier 59": "059",
    "pier 60": "060",
    "pier 61": "061",
    "pier 62": "062",
    "pier 63": "063",
    "pier 64": "064",
    "pier 65": "065",
    "pier 66": "066",
    "pier 67": "067",
    "pier 68": "068",
    "pier 69": "069",
    "pier 70": "070",
    "pier 71": "071",
    "pier 72": "072",
    "pier 73": "073",
    "pier 74": "074",
    "pier 75": "075",
    "pier 76": "076",
    "pier 77": "077",
    "pier 78": "078",
    "pier 79": "079",
    "pier 80": "080",
    "pier 81": "081",
    "pier 82": "082",
    "pier 83": "083",
    "pier 84": "084",
    "pier 85": "085",
    "pier 86": "086",
    "pier 87": "087",
    "pier 88": "088",
    "pier 89": "089",
    "pier 90": "090",
    "pier 91": "091",
    "pier 92": "092",
    "pier 93": "093",
    "pier 94": "094",
    "pier 95": "095",
    "pier 96": "096",
    "pier 97": "097",
    "pier 98": "098",
    "pier 99": "099",
    "pier 100": "100",
    "pier 101": "101",
    "pier 102": "102",
    "pier 103": "103",
    "pier 104": "104",
    "pier 105": "105",
    "pier 106": "106",
    "pier 107": "107",
    "pier 108": "108",
    "pier 109": "109",
    "pier 110": "110",
    "pier 111": "111",
    "pier 112": "112",
    "pier 113": "113",
    "pier 114": "114",
    "pier 115": "115",
    "pier 116": "116",
    "pier 117": "117",
    "pier 118": "118",
    "pier 119": "119",
    "pier 120": "120",
}


class Size(VenueScript):
    async def search(self, visit: Visit, request: Request) -> list[Offer]:
        page = visit.page
        await visit.open("/ferries", sign=page.get_by_role("heading", name="Ferries"))
        rows = await visit.rows(page.get_by_role("listitem"), none=page.get_by_text("No ferry"))
        if not rows:
            return []
        hours = [await row.inner_text() for row in rows]
        return [Offer(when=Slot(starts_at=datetime.fromisoformat(hour)), key=hour) for hour in hours]

    async def hold(self, visit: Visit, offer: Offer) -> Hold:
        return Hold(offer=offer, binding="none")

    async def enter_guest(self, visit: Visit, hold: Hold, request: Request) -> Recap:
        page = visit.page
        await visit.open(f"/ferries/{hold.offer.key}", sign=page.get_by_label("Name"))
        await page.get_by_label("Name").fill(request.guest.name)
        return Recap(guest_name=await page.get_by_role("status").inner_text())

    async def submit(self, visit: Visit, hold: Hold) -> Claim | Refusal:
        page, refused = visit.page, visit.page.get_by_role("alert")
        thanks = page.get_by_role("heading", name="Thank you")
        if await visit.press(page.get_by_role("button", name="Book"), thanks=thanks, refused=refused) == "refused":
            return Refusal(text=await refused.inner_text())
        return Claim(reference=await page.get_by_label("Number").inner_text())

    async def read_back(self, visit: Visit, lookup: Lookup) -> list[Sighting]:
        page = visit.page
        records, none = page.get_by_role("article"), page.get_by_text("No booking")
        await visit.open(f"/mine?email={lookup.guest.email}", sign=records.or_(none))
        return [
            Sighting(status=visit.status(await record.get_by_role("status").inner_text()))
            for record in await visit.rows(records, none=none)
        ]
