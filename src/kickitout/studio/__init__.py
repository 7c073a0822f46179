"""The studio: a local page, and the JSON API behind it. It keeps nothing but what is trained in it:
every other reply is a function of recipes.

front        what answers first: the page, its first kick, then the API
model        the model that it plays, and what is found out of it once
replies      sounds as bytes
service      the functions of the API: opening, map, render, vary, blend, morph, match, draw, invert, fit, analyse,
             nearest, file, kit
routes       their addresses, and what is wrong in one sentence; OpenAPI is at /api/openapi.json
training     sounds of a folder, and the run that learns from them: a process of its own
uploads      files that the page sends, into a folder and nowhere else
wording      sentences in the words of the page
opening      the kick that the page opens with
page_files   the page's files, in memory
guard        who may call, and how much
serve        the server, on 127.0.0.1 only
site         the page as a static folder that plays the model in the browser
calibration  what a control does to a card, for a site that cannot measure
page/        the page itself: ES modules, Web Audio, Canvas; nothing is built and nothing is fetched from elsewhere
"""
